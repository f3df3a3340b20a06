// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/key_hash.hpp"
#include "weir/patterns/expression.hpp"
#include "weir/patterns/field.hpp"
#include "weir/patterns/match_so_far.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::patterns {

/// A part of a condition, bound to events of `T`.
template <class T>
class bound {
public:
  using context = match_so_far<T>;
  using function = std::function<value(const T&, const context*)>;

  value::kind what = value::kind::nothing;
  bool reads_match = false;
  function run;
};

/// Binds a condition to a type: looks up fields and steps, and checks that what is compared can
/// be. Throws `exception` with the place and what is wrong.
template <class T>
class binder {
public:
  binder(std::string_view text, const std::vector<std::string>& steps)
      : text_(text), steps_(&steps) {}

  bound<T> bind(const expression& e) {
    switch (e.what) {
      case expression::kind::number:
        return constant(value::of(e.number));
      case expression::kind::boolean:
        return constant(value::of(e.truth));
      case expression::kind::text: {
        auto kept = std::make_shared<const std::string>(e.word);
        return {value::kind::text, false,
                [kept](const T&, const auto*) { return value::of(std::string_view{*kept}); }};
      }
      case expression::kind::name:
        return bind_name(e);
      case expression::kind::call:
        return bind_call(e);
      case expression::kind::unary:
        return bind_unary(e);
      case expression::kind::binary:
        break;
    }
    return bind_binary(e);
  }

private:
  using context = match_so_far<T>;
  using kind = value::kind;

  [[noreturn]] void fail(const expression& e, const std::string& what) const {
    throw exception({errc::invalid_argument,
                     "at " + std::to_string(e.at) + " of '" + std::string{text_} + "': " + what});
  }
  static bound<T> constant(value v) {
    return {v.what, false, [v](const T&, const context*) { return v; }};
  }
  bound<T> bind_as(const expression& e, kind wanted) {
    bound<T> b = bind(e);
    if (b.what != wanted)
      fail(e, std::string{"expected "} + name_of(wanted) + ", not " + name_of(b.what));
    return b;
  }
  [[nodiscard]] bool is_step(const std::string& name) const {
    return std::find(steps_->begin(), steps_->end(), name) != steps_->end();
  }
  field<T> field_of(const expression& e, std::size_t from) const {
    std::string names;
    auto found = find_field<T>(e.path, from, names);
    if (!found)
      fail(e, "the event has no field '" + e.path.back() + "' to compare; there is " + names);
    return *found;
  }

  bound<T> bind_name(const expression& e) {
    if (e.path.size() >= 3 && is_step(e.path[0]) && (e.path[1] == "first" || e.path[1] == "last")) {
      const field<T> f = field_of(e, 2);
      return {f.what, true,
              [step = e.path[0], first = e.path[1] == "first", read = f.read](const T&,
                                                                              const context* m) {
                const T* event = first ? m->first(step) : m->last(step);
                return event == nullptr ? value{} : read(*event);
              }};
    }
    const field<T> f = field_of(e, 0);
    return {f.what, false, [read = f.read](const T& x, const context*) { return read(x); }};
  }

  bound<T> bind_unary(const expression& e) {
    const bool negates = e.word == "not";
    bound<T> b = bind_as(e.parts[0], negates ? kind::boolean : kind::number);
    return {b.what, b.reads_match, [run = b.run, negates](const T& x, const context* m) {
              const value v = run(x, m);
              if (v.what == kind::nothing) return negates ? value::of(true) : v;
              return negates ? value::of(!v.truth) : value::of(-v.number);
            }};
  }

  bound<T> bind_binary(const expression& e) {
    if (e.word == "and" || e.word == "or") return bind_logic(e);
    bound<T> a = bind(e.parts[0]);
    bound<T> b = bind(e.parts[1]);
    const bool compares = e.word.back() == '=' || e.word == "<" || e.word == ">";
    if (a.what != b.what)
      fail(e, std::string{name_of(a.what)} + " is compared with " + name_of(b.what));
    if (!compares && a.what != kind::number)
      fail(e, "'" + e.word + "' wants numbers, not " + name_of(a.what));
    const bool reads = a.reads_match || b.reads_match;
    if (!compares) return {kind::number, reads, arithmetic(e.word[0], a.run, b.run)};
    return {kind::boolean, reads, comparison(e.word, a.run, b.run)};
  }

  bound<T> bind_logic(const expression& e) {
    bound<T> a = bind_as(e.parts[0], kind::boolean);
    bound<T> b = bind_as(e.parts[1], kind::boolean);
    return {kind::boolean, a.reads_match || b.reads_match,
            [a = a.run, b = b.run, both = e.word == "and"](const T& x, const context* m) {
              if (a(x, m).truth != both) return value::of(!both);
              return value::of(b(x, m).truth);
            }};
  }

  using function = typename bound<T>::function;
  static function arithmetic(char op, function a, function b) {
    return [=](const T& x, const context* m) {
      const value l = a(x, m);
      const value r = b(x, m);
      if (l.what == kind::nothing || r.what == kind::nothing) return value{};
      switch (op) {
        case '+':
          return value::of(l.number + r.number);
        case '-':
          return value::of(l.number - r.number);
        case '*':
          return value::of(l.number * r.number);
        case '/':
          return value::of(l.number / r.number);
        default:
          return value::of(std::fmod(l.number, r.number));
      }
    };
  }

  template <class X>
  static bool holds(const std::string& op, const X& a, const X& b) {
    if (op == "==") return a == b;
    if (op == "!=") return a != b;
    if (op == "<") return a < b;
    if (op == "<=") return a <= b;
    return op == ">" ? a > b : a >= b;
  }
  static function comparison(const std::string& op, function a, function b) {
    return [=](const T& x, const context* m) {
      const value l = a(x, m);
      const value r = b(x, m);
      if (l.what == kind::nothing || r.what == kind::nothing) return value::of(false);
      if (l.what == kind::number) return value::of(holds(op, l.number, r.number));
      if (l.what == kind::text) return value::of(holds(op, l.text, r.text));
      return value::of(holds(op, l.truth, r.truth));
    };
  }

  void want(const expression& e, std::size_t n) const {
    if (e.parts.size() != n)
      fail(e, e.word + "() wants " + std::to_string(n) + (n == 1 ? " value" : " values"));
  }

  bound<T> bind_call(const expression& e) {
    const std::string& f = e.word;
    if (f == "count" || f == "sum" || f == "mean" || f == "min" || f == "max") return bind_fold(e);
    if (f == "starts_with" || f == "ends_with" || f == "contains") return bind_search(e);
    if (f == "lower" || f == "upper") return bind_case(e);
    if (f == "at") {
      want(e, 0);
      return {kind::number, true, [](const T&, const context* m) {
                return value::of(static_cast<double>(m->at().time_since_epoch().count()));
              }};
    }
    if (f == "length" || f == "abs") {
      want(e, 1);
      const bool text = f == "length";
      bound<T> a = bind_as(e.parts[0], text ? kind::text : kind::number);
      return {kind::number, a.reads_match, [a = a.run, text](const T& x, const context* m) {
                const value v = a(x, m);
                if (v.what == kind::nothing) return v;
                return value::of(text ? static_cast<double>(v.text.size()) : std::abs(v.number));
              }};
    }
    if (f == "exists") {
      want(e, 1);
      bound<T> a = bind(e.parts[0]);
      return {kind::boolean, a.reads_match, [a = a.run](const T& x, const context* m) {
                return value::of(a(x, m).what != kind::nothing);
              }};
    }
    fail(e, "there is no function '" + f + "'");
  }

  bound<T> bind_search(const expression& e) {
    want(e, 2);
    bound<T> a = bind_as(e.parts[0], kind::text);
    bound<T> b = bind_as(e.parts[1], kind::text);
    return {kind::boolean, a.reads_match || b.reads_match,
            [a = a.run, b = b.run, how = e.word[0]](const T& x, const context* m) {
              const value l = a(x, m);
              const value r = b(x, m);
              if (l.what == kind::nothing || r.what == kind::nothing) return value::of(false);
              if (how == 's') return value::of(l.text.starts_with(r.text));
              if (how == 'e') return value::of(l.text.ends_with(r.text));
              return value::of(l.text.find(r.text) != std::string_view::npos);
            }};
  }

  bound<T> bind_case(const expression& e) {
    want(e, 1);
    bound<T> a = bind_as(e.parts[0], kind::text);
    return {kind::text, a.reads_match,
            [a = a.run, up = e.word == "upper"](const T& x, const context* m) {
              value v = a(x, m);
              if (v.what == kind::nothing) return v;
              auto made = std::make_shared<std::string>(v.text);
              for (char& c : *made)
                c = static_cast<char>(up ? std::toupper(static_cast<unsigned char>(c))
                                         : std::tolower(static_cast<unsigned char>(c)));
              v.text = *made;
              v.owned = std::move(made);
              return v;
            }};
  }

  /// count(step), sum(step.field) and their kin: kept along the match.
  bound<T> bind_fold(const expression& e) {
    want(e, 1);
    const expression& of = e.parts[0];
    const bool counts = e.word == "count";
    if (of.what != expression::kind::name || !is_step(of.path[0]) ||
        of.path.size() < (counts ? 1U : 2U))
      fail(e,
           e.word + "() wants a step" + (counts ? "" : " and a field of its events, step.field"));
    const std::string step = of.path[0];
    if (counts)
      return {kind::number, true, [step](const T&, const context* m) {
                return value::of(static_cast<double>(m->count(step)));
              }};
    const field<T> f = field_of(of, 1);
    if (f.what != kind::number) fail(of, e.word + "() wants a number");
    const auto number = [read = f.read](const T& x) { return read(x).number; };
    const char how = e.word[0] == 's' ? 's' : e.word[1];
    std::string id = e.word;
    for (std::size_t i = 1; i < of.path.size(); ++i) id += '.' + of.path[i];
    return {kind::number, true,
            [step, number, how, id = key_hash(std::string_view{id})](const T&, const context* m) {
              if (how != 's' && m->count(step) == 0) return value{};
              return value::of(m->fold_by(step, id, how, number));
            }};
  }

  std::string_view text_;
  const std::vector<std::string>* steps_;
};

}  // namespace weir::patterns
