// SPDX-License-Identifier: BSD-3-Clause
#include "weir/avro/schema.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <set>
#include <utility>

namespace weir::avro {

namespace json = boost::json;

namespace {

constexpr std::array<std::pair<std::string_view, type>, 8> primitives{{{"null", type::null},
                                                                       {"boolean", type::boolean},
                                                                       {"int", type::int32},
                                                                       {"long", type::int64},
                                                                       {"float", type::float32},
                                                                       {"double", type::float64},
                                                                       {"bytes", type::bytes},
                                                                       {"string", type::string}}};

struct logical_type {
  std::string_view name;
  type of;
  time_unit unit;
  bool of_day;
};
constexpr std::array<logical_type, 9> logical_types{
    {{"date", type::int32, time_unit::days, false},
     {"time-millis", type::int32, time_unit::millis, true},
     {"time-micros", type::int64, time_unit::micros, true},
     {"timestamp-millis", type::int64, time_unit::millis, false},
     {"timestamp-micros", type::int64, time_unit::micros, false},
     {"timestamp-nanos", type::int64, time_unit::nanos, false},
     {"local-timestamp-millis", type::int64, time_unit::millis, false},
     {"local-timestamp-micros", type::int64, time_unit::micros, false},
     {"local-timestamp-nanos", type::int64, time_unit::nanos, false}}};

constexpr std::size_t deepest = 64;

[[noreturn]] void refuse(const std::string& what) {
  throw exception({errc::decode_failed, "no Avro schema: " + what});
}

const json::value& need(const json::object& in, const char* member, const std::string& of) {
  const json::value* found = in.if_contains(member);
  if (found == nullptr) refuse(of + " has no '" + member + "'");
  return *found;
}

std::string text_of(const json::value& v, const std::string& what) {
  if (!v.is_string()) refuse(what + " is no string");
  return std::string{v.get_string()};
}

/// Makes nodes of JSON. Named types may be meant before they are complete.
class builder {
public:
  explicit builder(std::deque<node>& nodes) : nodes_(nodes) {}

  const node* make(const json::value& v, const std::string& space, std::size_t depth) {
    if (depth > deepest) refuse("it is nested more than " + std::to_string(deepest) + " deep");
    if (v.is_string()) return named(std::string{v.get_string()}, space);
    if (v.is_array()) return any_of(v.get_array(), space, depth);
    if (!v.is_object()) refuse("a type is a name, an object or an array");
    const json::object& o = v.get_object();
    const json::value& kind = need(o, "type", "an object");
    if (!kind.is_string()) return make(kind, space, depth + 1);
    const std::string what{kind.get_string()};
    if (what == "record" || what == "error") return record(o, space, depth);
    if (what == "enum") return enumeration(o, space);
    if (what == "fixed") return fixed(o, space);
    if (what == "array") return holder(type::array, need(o, "items", "an array"), space, depth);
    if (what == "map") return holder(type::map, need(o, "values", "a map"), space, depth);
    return with_meaning(named(what, space), o);
  }

private:
  node& add(type kind) {
    node& n = nodes_.emplace_back();
    n.kind = kind;
    return n;
  }

  const node* named(const std::string& name, const std::string& space) {
    for (const auto& [known, kind] : primitives)
      if (known == name) return &add(kind);
    const bool whole = space.empty() || name.find('.') != std::string::npos;
    auto found = names_.find(whole ? name : space + "." + name);
    if (found == names_.end()) found = names_.find(name);
    if (found == names_.end()) refuse("there is no type '" + name + "'");
    return found->second;
  }

  /// A logical type that isn't known, or doesn't fit, counts as the type below it.
  const node* with_meaning(const node* n, const json::object& o) {
    const json::value* meaning = o.if_contains("logicalType");
    if (meaning == nullptr || !meaning->is_string()) return n;
    for (const logical_type& l : logical_types) {
      if (l.of != n->kind || std::string_view{meaning->get_string()} != l.name) continue;
      node& made = add(n->kind);
      made.unit = l.unit;
      made.of_day = l.of_day;
      return &made;
    }
    return n;
  }

  node& name_it(type kind, const json::object& o, const std::string& space) {
    std::string name = text_of(need(o, "name", "a named type"), "a name");
    if (name.empty()) refuse("a name is empty");
    if (name.find('.') == std::string::npos) {
      const json::value* own = o.if_contains("namespace");
      const std::string in =
          own != nullptr && own->is_string() ? std::string{own->get_string()} : space;
      if (!in.empty()) name = in + "." + name;
    }
    node& n = add(kind);
    n.name = name;
    if (!names_.emplace(name, &n).second) refuse("there are two types '" + name + "'");
    return n;
  }

  const node* record(const json::object& o, const std::string& space, std::size_t depth) {
    node& n = name_it(type::record, o, space);
    const std::size_t dot = n.name.rfind('.');
    const std::string inner = dot == std::string::npos ? std::string{} : n.name.substr(0, dot);
    const json::value& fields = need(o, "fields", "the record '" + n.name + "'");
    if (!fields.is_array()) refuse("the fields of '" + n.name + "' are no array");
    for (const json::value& f : fields.get_array()) {
      if (!f.is_object()) refuse("a field of '" + n.name + "' is no object");
      const std::string name = text_of(need(f.get_object(), "name", "a field"), "a field's name");
      if (name.empty() || std::find(n.names.begin(), n.names.end(), name) != n.names.end())
        refuse("'" + n.name + "' has the field '" + name + "' twice, or without a name");
      n.names.push_back(name);
      const json::value& of = need(f.get_object(), "type", "the field '" + name + "'");
      n.parts.push_back(make_field(of, f.get_object(), inner, depth));
    }
    return &n;
  }

  /// Some writers put the logical type beside the field's type.
  const node* make_field(const json::value& of, const json::object& field, const std::string& space,
                         std::size_t depth) {
    const node* made = make(of, space, depth + 1);
    return of.is_string() ? with_meaning(made, field) : made;
  }

  const node* enumeration(const json::object& o, const std::string& space) {
    node& n = name_it(type::enumeration, o, space);
    const json::value& symbols = need(o, "symbols", "the enum '" + n.name + "'");
    if (!symbols.is_array()) refuse("the symbols of '" + n.name + "' are no array");
    for (const json::value& s : symbols.get_array()) n.names.push_back(text_of(s, "a symbol"));
    if (const json::value* other = o.if_contains("default")) {
      const auto at = std::find(n.names.begin(), n.names.end(), text_of(*other, "a default"));
      if (at == n.names.end()) refuse("the default of '" + n.name + "' is no symbol of it");
      n.other = static_cast<std::size_t>(at - n.names.begin());
    }
    return &n;
  }

  const node* fixed(const json::object& o, const std::string& space) {
    node& n = name_it(type::fixed, o, space);
    const json::value& size = need(o, "size", "the fixed '" + n.name + "'");
    if (!size.is_int64() || size.get_int64() < 0 || size.get_int64() > (1 << 30))
      refuse("the size of '" + n.name + "' is no number of bytes");
    n.size = static_cast<std::size_t>(size.get_int64());
    return &n;
  }

  const node* holder(type kind, const json::value& of, const std::string& space,
                     std::size_t depth) {
    node& n = add(kind);
    n.parts.push_back(make(of, space, depth + 1));
    return &n;
  }

  const node* any_of(const json::array& branches, const std::string& space, std::size_t depth) {
    node& n = add(type::any_of);
    std::set<std::string> seen;
    for (const json::value& b : branches) {
      const node* made = make(b, space, depth + 1);
      if (made->kind == type::any_of) refuse("a union holds another one");
      const std::string is =
          made->name.empty() ? std::to_string(static_cast<int>(made->kind)) : made->name;
      if (!seen.insert(is).second) refuse("a union has " + describe(*made) + " twice");
      n.parts.push_back(made);
    }
    if (n.parts.empty()) refuse("a union has no branches");
    return &n;
  }

  std::deque<node>& nodes_;
  std::map<std::string, const node*> names_;
};

json::value parse_json(std::string_view text) {
  boost::system::error_code failed;
  json::parse_options options;
  options.max_depth = 2 * deepest;
  json::value v = json::parse(json::string_view{text.data(), text.size()}, failed, {}, options);
  if (failed) refuse("it is no JSON: " + failed.message());
  return v;
}

}  // namespace

std::string_view node::short_name() const noexcept {
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos ? std::string_view{name} : std::string_view{name}.substr(dot + 1);
}

result<schema> schema::parse(std::string_view text, std::span<const std::string> known) try {
  auto nodes = std::make_shared<std::deque<node>>();
  builder make{*nodes};
  for (const std::string& other : known) (void)make.make(parse_json(other), {}, 0);
  schema made;
  made.root_ = make.make(parse_json(text), {}, 0);
  made.nodes_ = std::move(nodes);
  return made;
} catch (const exception& e) {
  return e.why();
}

std::string describe(const node& n) {
  constexpr std::array words{"null",    "a boolean", "an int", "a long",
                             "a float", "a double",  "bytes",  "a string"};
  switch (n.kind) {
    case type::fixed:
      return "the fixed '" + n.name + "'";
    case type::enumeration:
      return "the enum '" + n.name + "'";
    case type::record:
      return "the record '" + n.name + "'";
    case type::array:
      return "an array";
    case type::map:
      return "a map";
    case type::any_of:
      return "a union";
    default:
      break;
  }
  std::string text = words[static_cast<std::size_t>(n.kind)];
  constexpr std::array units{"", "date", "millis", "micros", "nanos"};
  if (n.unit == time_unit::days) return text + " (date)";
  if (n.unit != time_unit::none)
    text += std::string{n.of_day ? " (time-" : " (timestamp-"} +
            units[static_cast<std::size_t>(n.unit)] + ")";
  return text;
}

}  // namespace weir::avro
