// SPDX-License-Identifier: BSD-3-Clause
#include "weir/avro/plan.hpp"

#include <cstring>
#include <limits>
#include <utility>

namespace weir::avro::detail {

namespace {

constexpr std::size_t deepest = 64;

/// Goes through the bytes of one value. Every function answers false at the first thing that is
/// wrong, and has then said what.
class follower {
public:
  explicit follower(std::string_view in)
      : in_(in),
        size_(in.size()),
        items_left_(in.size() + 65536),
        work_left_(16 * in.size() + (1U << 20U)) {}

  bool run(const turn& t, void* to) {
    switch (t.what) {
      case move::refuse:
        return fail(t.problem);
      case move::skip:
        return skip(*t.from, 0);
      case move::nothing:
        return true;
      case move::reset:
        return t.to->clear(to), true;
      case move::open:
        return run(*t.parts[0], t.open(to));
      case move::choose:
        return choose(t, to);
      case move::record:
        return record(t, to);
      case move::list:
      case move::array:
        return items(t, to);
      case move::map:
        return entries(t, to);
      default:
        return value(t, to);
    }
  }

  [[nodiscard]] error why() const {
    std::string text = "byte " + std::to_string(size_ - in_.size()) + " of the Avro value";
    if (!path_.empty()) text += ", " + path_;
    return {errc::decode_failed, text + ": " + why_};
  }
  bool at_end() { return in_.empty() || fail(std::to_string(in_.size()) + " bytes too many"); }

private:
  bool fail(std::string why) {
    if (why_.empty()) why_ = std::move(why);
    return false;
  }
  bool ends_early() { return fail("it ends too early"); }
  bool does_not_fit(const turn& t, const std::string& what) {
    std::string expected;
    t.to->expected(expected);
    return fail(what + " is no " + expected);
  }

  bool number(std::int64_t& out) {
    std::uint64_t all = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (in_.empty()) return ends_early();
      const auto b = static_cast<unsigned char>(in_.front());
      if (shift == 63 && b > 1) break;
      in_.remove_prefix(1);
      all |= static_cast<std::uint64_t>(b & 0x7FU) << shift;
      if (b < 0x80) {
        out = static_cast<std::int64_t>(all >> 1U) ^ -static_cast<std::int64_t>(all & 1U);
        return true;
      }
    }
    return fail("a number is too long");
  }
  bool whole(const node& from, std::int64_t& out) {
    if (!number(out)) return false;
    return from.kind != type::int32 || out == static_cast<std::int32_t>(out) ||
           fail("an int is out of range");
  }
  template <class F>
  bool real(F& out) {
    if (in_.size() < sizeof out) return ends_early();
    std::memcpy(&out, in_.data(), sizeof out);
    in_.remove_prefix(sizeof out);
    return true;
  }
  bool take(std::size_t n, std::string_view& out) {
    if (n > in_.size()) return ends_early();
    out = in_.substr(0, n);
    in_.remove_prefix(n);
    return true;
  }
  bool block(std::string_view& out) {
    std::int64_t n = 0;
    if (!number(n)) return false;
    if (n < 0) return fail("a length is negative");
    return take(static_cast<std::size_t>(n), out);
  }
  bool boolean(bool& out) {
    std::string_view b;
    if (!take(1, b)) return false;
    out = b[0] == 1;
    return b[0] == 0 || b[0] == 1 || fail("a boolean is neither 0 nor 1");
  }
  /// The number of a branch or symbol.
  bool index(std::size_t n, std::size_t& out) {
    std::int64_t i = 0;
    if (!number(i)) return false;
    if (i < 0 || static_cast<std::uint64_t>(i) >= n)
      return fail("there is no branch or symbol " + std::to_string(i));
    out = static_cast<std::size_t>(i);
    return true;
  }

  bool value(const turn& t, void* to) {
    std::int64_t n = 0;
    std::string_view text;
    double d = 0;
    float f = 0;
    bool b = false;
    switch (t.what) {
      case move::boolean:
        return boolean(b) && (t.to->set_bool(to, b) || does_not_fit(t, "a boolean"));
      case move::integer:
        return whole(*t.from, n) && (t.to->set_int(to, n) || does_not_fit(t, std::to_string(n)));
      case move::as_real:
        return whole(*t.from, n) && t.to->set_real(to, static_cast<double>(n));
      case move::time:
        return whole(*t.from, n) &&
               (t.to->set_time(to, n, t.from->unit) || does_not_fit(t, std::to_string(n)));
      case move::float32:
        return real(f) && t.to->set_real(to, f);
      case move::float64:
        return real(d) && t.to->set_real(to, d);
      case move::text:
        return block(text) && (t.to->set_text(to, text) || does_not_fit(t, "a value"));
      case move::fixed:
        return take(t.from->size, text) && (t.to->set_text(to, text) || does_not_fit(t, "a value"));
      default:
        return symbol(t, to);
    }
  }

  bool symbol(const turn& t, void* to) {
    std::size_t i = 0;
    if (!index(t.from->names.size(), i)) return false;
    if (t.to->set_text(to, t.from->names[i])) return true;
    if (t.from->other && t.to->set_text(to, t.from->names[*t.from->other])) return true;
    return does_not_fit(t, "'" + t.from->names[i] + "'");
  }

  bool choose(const turn& t, void* to) {
    std::size_t i = 0;
    return index(t.parts.size(), i) && run(*t.parts[i], to);
  }

  bool record(const turn& t, void* to) {
    for (std::size_t i = 0; i < t.parts.size(); ++i) {
      const field* place = t.places[i];
      if (run(*t.parts[i], place == nullptr ? nullptr : place->at(to))) continue;
      path_ = t.from->names[i] + (path_.empty() ? "" : "." + path_);
      return false;
    }
    for (const field* missing : t.emptied) missing->what->clear(missing->at(to));
    return true;
  }

  /// The number of items in the next block; those without a byte of their own are counted, too, so
  /// that no claim makes us work for ever.
  bool block_of_items(std::uint64_t& n, std::int64_t* bytes_of_it = nullptr) {
    std::int64_t claimed = 0, size = -1;
    if (!number(claimed)) return false;
    if (claimed < 0) {
      if (claimed == std::numeric_limits<std::int64_t>::min()) return fail("a count is too large");
      claimed = -claimed;
      if (!number(size)) return false;
      if (size < 0) return fail("a block's size is negative");
    }
    n = static_cast<std::uint64_t>(claimed);
    if (bytes_of_it != nullptr) *bytes_of_it = size;
    if (n > items_left_) return fail("it claims " + std::to_string(n) + " items");
    items_left_ -= n;
    return true;
  }

  bool items(const turn& t, void* to) {
    const bool fixed = t.what == move::array;
    std::size_t i = 0;
    if (!fixed) t.to->clear(to);
    for (std::uint64_t n = 0; block_of_items(n) && n != 0;)
      for (; n != 0; --n, ++i) {
        if (fixed && i == t.to->length) return does_not_fit(t, "a longer array");
        if (!run(*t.parts[0], t.to->item(to, i))) return false;
      }
    if (!why_.empty()) return false;
    return !fixed || i == t.to->length || does_not_fit(t, "an array of " + std::to_string(i));
  }

  bool entries(const turn& t, void* to) {
    t.to->clear(to);
    for (std::uint64_t n = 0; block_of_items(n) && n != 0;)
      for (; n != 0; --n) {
        std::string_view key;
        if (!block(key) || !run(*t.parts[0], t.to->entry(to, key))) return false;
      }
    return why_.empty();
  }

  bool skip(const node& from, std::size_t depth) {
    std::int64_t n = 0;
    std::size_t i = 0;
    std::string_view ignored;
    if (depth > deepest) return fail("it is nested too deep");
    if (work_left_-- == 0) return fail("its schema holds too much for so few bytes");
    switch (from.kind) {
      case type::null:
        return true;
      case type::boolean:
        return take(1, ignored);
      case type::int32:
      case type::int64:
        return number(n);
      case type::enumeration:
        return index(from.names.size(), i);
      case type::float32:
        return take(4, ignored);
      case type::float64:
        return take(8, ignored);
      case type::bytes:
      case type::string:
        return block(ignored);
      case type::fixed:
        return take(from.size, ignored);
      case type::any_of:
        return index(from.parts.size(), i) && skip(*from.parts[i], depth + 1);
      case type::record:
        for (const node* part : from.parts)
          if (!skip(*part, depth + 1)) return false;
        return true;
      default:
        return skip_items(from, depth);
    }
  }

  bool skip_items(const node& from, std::size_t depth) {
    std::int64_t size = -1;
    std::string_view ignored;
    for (std::uint64_t n = 0; block_of_items(n, &size) && n != 0;) {
      if (size >= 0) {
        if (!take(static_cast<std::size_t>(size), ignored)) return false;
        continue;
      }
      for (; n != 0; --n) {
        if (from.kind == type::map && !block(ignored)) return false;
        if (!skip(*from.parts[0], depth + 1)) return false;
      }
    }
    return why_.empty();
  }

  std::string_view in_;
  std::size_t size_;
  std::uint64_t items_left_;  ///< So that claims of items without bytes come to an end.
  std::uint64_t work_left_;   ///< The same for records of records without bytes.
  std::string path_;
  std::string why_;
};

}  // namespace

result<void> follow(const plan& how, std::string_view datum, void* to) {
  follower f{datum};
  if (f.run(*how.first, to) && f.at_end()) return {};
  return f.why();
}

}  // namespace weir::avro::detail
