// SPDX-License-Identifier: BSD-3-Clause
#include "weir/avro/plan.hpp"

#include "weir/avro/reader.hpp"

#include <algorithm>
#include <utility>

namespace weir::avro::detail {

namespace {

bool is_number(type t) { return t >= type::int32 && t <= type::float64; }

/// Makes the turns of a plan. What can't be read is a turn that refuses; it fails the plan unless
/// it is one branch of several.
class planner {
public:
  explicit planner(plan& made) : made_(made) {}

  const turn* make(const node& from, const shape& to, const std::string& path) {
    if (from.kind == type::any_of) return choose(from, to, path);
    if (to.kind == form::optional) {
      if (from.kind == type::null) return &add(move::reset, from, to);
      return wrap(from, to, to.open, make(from, *to.inner, path));
    }
    if (to.kind == form::variant) return into_variant(from, to, path);
    if (from.kind == type::null && to.kind == form::null) return &add(move::nothing, from, to);
    return make_value(from, to, path);
  }

private:
  turn& add(move what, const node& from, const shape& to) {
    turn& t = made_.turns.emplace_back();
    t.what = what;
    t.from = &from;
    t.to = &to;
    return t;
  }

  const turn* refuse(const node& from, const shape& to, const std::string& path) {
    std::string expected;
    to.expected(expected);
    return refuse(from, to, path, describe(from) + " can't be read as " + expected);
  }
  const turn* refuse(const node& from, const shape& to, const std::string& path,
                     const std::string& why) {
    turn& t = add(move::refuse, from, to);
    t.problem = path.empty() ? why : path + ": " + why;
    return &t;
  }

  const turn* wrap(const node& from, const shape& to, void* (*open)(void*), const turn* inner) {
    if (inner->what == move::refuse) return inner;
    turn& t = add(move::open, from, to);
    t.open = open;
    t.parts = {inner};
    return &t;
  }

  /// The branches that can't be read are refused when they come; one at least must be readable.
  const turn* choose(const node& from, const shape& to, const std::string& path) {
    std::vector<const turn*> parts;
    for (const node* branch : from.parts) parts.push_back(make(*branch, to, path));
    const auto good = std::find_if(parts.begin(), parts.end(), [&](const turn* t) {
      return t->what != move::refuse && t->what != move::reset;
    });
    const auto bad = std::find_if(parts.begin(), parts.end(),
                                  [](const turn* t) { return t->what == move::refuse; });
    if (good == parts.end() && bad != parts.end()) return *bad;
    turn& t = add(move::choose, from, to);
    t.parts = std::move(parts);
    return &t;
  }

  /// The alternative of the same kind and name, else the first that takes it.
  const turn* into_variant(const node& from, const shape& to, const std::string& path) {
    const turn* first = nullptr;
    for (const alternative& a : to.alternatives) {
      const turn* t = make(from, *a.what, path);
      if (t->what == move::refuse) continue;
      const turn* wrapped = wrap(from, to, a.open, t);
      if (is_alike(from, *a.what)) return wrapped;
      if (first == nullptr) first = wrapped;
    }
    if (first != nullptr) return first;
    return refuse(from, to, path, describe(from) + " is none of the variant's alternatives");
  }

  static bool is_alike(const node& from, const shape& to) {
    switch (to.kind) {
      case form::integer:
        return from.kind == (to.wide ? type::int64 : type::int32) && from.unit == time_unit::none;
      case form::real:
        return from.kind == (to.wide ? type::float64 : type::float32);
      case form::text:
        return from.kind == type::string;
      case form::blob:
        return from.kind == type::bytes;
      case form::record:
      case form::symbol:
        return to.name.ends_with(from.short_name());
      default:
        return true;
    }
  }

  const turn* make_value(const node& from, const shape& to, const std::string& path) {
    switch (to.kind) {
      case form::boolean:
        if (from.kind == type::boolean) return &add(move::boolean, from, to);
        break;
      case form::integer:
        return integer(from, to, path);
      case form::time:
        if (from.unit != time_unit::none && !from.of_day) return &add(move::time, from, to);
        break;
      case form::real:
        return real(from, to, path);
      case form::text:
      case form::blob:
        if (from.kind == type::string || from.kind == type::bytes)
          return &add(move::text, from, to);
        if (from.kind == type::fixed && to.kind == form::blob) return &add(move::fixed, from, to);
        break;
      case form::symbol:
        if (from.kind == type::enumeration) return &add(move::symbol, from, to);
        break;
      case form::record:
        if (from.kind == type::record) return record(from, to, path);
        break;
      case form::list:
      case form::array:
        if (from.kind == type::array)
          return holder(to.kind == form::list ? move::list : move::array, from, to, path + "[]");
        break;
      case form::map:
        if (from.kind == type::map) return holder(move::map, from, to, path + "{}");
        break;
      default:
        break;
    }
    return refuse(from, to, path);
  }

  /// A duration takes the time of a day; else a number is a number, whatever it means.
  const turn* integer(const node& from, const shape& to, const std::string& path) {
    if (from.kind != type::int32 && (from.kind != type::int64 || !to.wide))
      return refuse(from, to, path);
    const bool converts = from.of_day && to.set_time != nullptr;
    return &add(converts ? move::time : move::integer, from, to);
  }

  const turn* real(const node& from, const shape& to, const std::string& path) {
    if (!is_number(from.kind) || (from.kind == type::float64 && !to.wide))
      return refuse(from, to, path);
    if (from.kind == type::float32) return &add(move::float32, from, to);
    if (from.kind == type::float64) return &add(move::float64, from, to);
    return &add(move::as_real, from, to);
  }

  const turn* holder(move what, const node& from, const shape& to, const std::string& path) {
    const turn* inner = make(*from.parts[0], *to.inner, path);
    if (inner->what == move::refuse) return inner;
    turn& t = add(what, from, to);
    t.parts = {inner};
    return &t;
  }

  const turn* record(const node& from, const shape& to, const std::string& path) {
    turn made;
    std::vector<bool> met(to.fields.size(), false);
    for (std::size_t i = 0; i < from.names.size(); ++i) {
      const std::size_t at = place_of(from, from.names[i], to);
      const field* place = at == to.fields.size() ? nullptr : &to.fields[at];
      const std::string inner = path.empty() ? from.names[i] : path + "." + from.names[i];
      const turn* part = place == nullptr ? &add(move::skip, *from.parts[i], to)
                                          : make(*from.parts[i], *place->what, inner);
      if (part->what == move::refuse) return part;
      if (place != nullptr) met[at] = true;
      made.parts.push_back(part);
      made.places.push_back(place);
    }
    for (std::size_t i = 0; i < to.fields.size(); ++i) {
      if (met[i]) continue;
      const field& missing = to.fields[i];
      if (!missing.may_miss)
        return refuse(from, to, path,
                      describe(from) + " has no field '" + std::string{missing.name} +
                          "', and there is no default for it");
      if (missing.what->kind == form::optional) made.emptied.push_back(&missing);
    }
    turn& t = add(move::record, from, to);
    t.parts = std::move(made.parts);
    t.places = std::move(made.places);
    t.emptied = std::move(made.emptied);
    return &t;
  }

  /// An alias counts where the writer has no field of the member's own name.
  static std::size_t place_of(const node& from, const std::string& name, const shape& to) {
    for (std::size_t i = 0; i < to.fields.size(); ++i)
      if (to.fields[i].name == name) return i;
    for (std::size_t i = 0; i < to.fields.size(); ++i)
      if (to.fields[i].alias == name &&
          std::find(from.names.begin(), from.names.end(), to.fields[i].name) == from.names.end())
        return i;
    return to.fields.size();
  }

  plan& made_;
};

}  // namespace

void work_out(plan& made, const shape& to) {
  made.first = planner{made}.make(made.writer.root(), to, {});
  if (made.first->what == move::refuse) throw exception({errc::incompatible, made.first->problem});
}

result<resolved> resolved::make(const schema& writer, const shape& to) try {
  auto made = std::make_shared<plan>(plan{writer});
  work_out(*made, to);
  resolved r;
  r.plan_ = std::move(made);
  return r;
} catch (const exception& e) {
  return e.why();
}

result<void> resolved::read(std::string_view datum, void* to) const {
  return follow(*plan_, datum, to);
}

}  // namespace weir::avro::detail
