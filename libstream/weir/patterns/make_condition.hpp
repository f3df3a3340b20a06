// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/bound_expression.hpp"
#include "weir/patterns/condition.hpp"

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weir::patterns {

/// The conditions on the event alone that are in use, by what they say: equal ones of many rules
/// are one object, so that they can be asked once. Those that no rule has any more go.
template <class T>
class predicate_pool {
public:
  using pointer = std::shared_ptr<const predicate<T>>;

  /// Returns the condition that says `text`, made by `make()` if it is new.
  template <class F>
  pointer get(const std::string& text, F make) {
    if (auto known = known_[text].lock()) return known;
    pointer made = make();
    known_[text] = made;
    if (known_.size() >= clean_at_) {
      std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
      clean_at_ = 2 * known_.size() + 64;
    }
    return made;
  }
  [[nodiscard]] std::size_t size() const noexcept { return known_.size(); }

private:
  std::unordered_map<std::string, std::weak_ptr<const predicate<T>>> known_;
  std::size_t clean_at_ = 64;
};

/// Compares a plain field with a constant, the most frequent condition by far: one loop over many
/// events, without going through values. Null if the condition is something else.
template <class T>
std::unique_ptr<predicate<T>> make_comparison(const expression& e) {
  if (e.what != expression::kind::binary || e.parts[0].what != expression::kind::name) return {};
  std::string names;
  const auto f = find_field<T>(e.parts[0].path, 0, names);
  const expression& constant = e.parts[1];
  std::unique_ptr<predicate<T>> made;
  const auto use = [&]<class Compare>(Compare, auto get, auto c) {
    const auto compare = [get, c](const T& x) { return Compare{}(get(x), c); };
    made = std::make_unique<predicate_of<T, decltype(compare)>>(compare);
  };
  const auto choose = [&](auto get, const auto& c) {
    if (e.word == "==") use(std::equal_to<>{}, get, c);
    if (e.word == "!=") use(std::not_equal_to<>{}, get, c);
    if (e.word == "<") use(std::less<>{}, get, c);
    if (e.word == "<=") use(std::less_equal<>{}, get, c);
    if (e.word == ">") use(std::greater<>{}, get, c);
    if (e.word == ">=") use(std::greater_equal<>{}, get, c);
  };
  if (f && f->number != nullptr && constant.what == expression::kind::number)
    choose(f->number, constant.number);
  else if (f && f->text != nullptr && constant.what == expression::kind::text)
    choose(f->text, constant.word);
  return made;
}

/// What fields must be for a condition to hold: one of these; none if that is not known.
template <class T>
std::vector<needed_value<T>> needs_of(const expression& e) {
  if (e.what != expression::kind::binary) return {};
  if (e.word == "and" || e.word == "or") {
    auto a = needs_of<T>(e.parts[0]);
    auto b = needs_of<T>(e.parts[1]);
    if (a.empty() || b.empty())
      return e.word == "or" ? std::vector<needed_value<T>>{} : a.empty() ? b : a;
    if (e.word == "and") return a.size() <= b.size() ? a : b;
    a.insert(a.end(), b.begin(), b.end());
    return a;
  }
  const expression& c = e.parts[1];
  const bool constant = c.what == expression::kind::number || c.what == expression::kind::text;
  if (e.word != "==" || e.parts[0].what != expression::kind::name || !constant) return {};
  std::string names;
  auto f = find_field<T>(e.parts[0].path, 0, names);
  if (!f) return {};
  std::string name;
  for (const std::string& part : e.parts[0].path) name += part + '.';
  return {
      {std::move(name), std::move(*f),
       c.what == expression::kind::number ? needed_constant{c.number} : needed_constant{c.word}}};
}

/// Makes conditions of text, for patterns with these steps.
template <class T>
class condition_maker {
public:
  condition_maker(const std::vector<std::string>& steps, predicate_pool<T>& pool)
      : steps_(&steps), pool_(&pool) {}

  /// An error says where the text is wrong, and how.
  result<condition<T>> make(const std::string& text) {
    auto parsed = parse_expression(text);
    if (!parsed) return parsed.error();
    condition<T> made;
    try {
      binder<T> binding{text, *steps_};
      const bound<T> whole = binding.bind(*parsed);
      if (whole.what != value::kind::boolean)
        return error{errc::invalid_argument,
                     "'" + text + "' is " + name_of(whole.what) + ", not a condition; compare it"};
      add(made, *parsed, binding);
    } catch (const exception& e) {
      return e.why();
    }
    return made;
  }

private:
  /// Adds a condition part by part, so that what doesn't read the match is asked once an event.
  void add(condition<T>& to, const expression& e, binder<T>& binding) {
    if (e.what == expression::kind::binary && e.word == "and") {
      add(to, e.parts[0], binding);
      return add(to, e.parts[1], binding);
    }
    const bound<T> b = binding.bind(e);
    if (b.reads_match)
      to.add([run = b.run](const T& x, const match_so_far<T>& m) { return run(x, &m).truth; },
             true);
    else
      to.add(pool_->get(to_text(e), [&] { return make_predicate(e, b); }));
  }

  static typename predicate_pool<T>::pointer make_predicate(const expression& e,
                                                            const bound<T>& b) {
    auto made = make_comparison<T>(e);
    if (!made) {
      auto ask = [run = b.run](const T& x) { return run(x, nullptr).truth; };
      made = std::make_unique<predicate_of<T, decltype(ask)>>(std::move(ask));
    }
    made->needs = needs_of<T>(e);
    return made;
  }

  const std::vector<std::string>* steps_;
  predicate_pool<T>* pool_;
};

}  // namespace weir::patterns
