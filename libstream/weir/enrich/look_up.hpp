// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/enrich/answer.hpp"
#include "weir/enrich/executor.hpp"
#include "weir/enrich/task.hpp"
#include "weir/operators/concepts.hpp"

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

/// For which instance a look-up's client is made.
struct look_up_place {
  std::string id;  ///< The operator's id.
  std::uint32_t instance = 0;
  std::uint32_t parallelism = 1;
};

/// Who answers look-ups of keys of `K`: a copyable description. `fact<K>` is what is looked up,
/// `name()` what simulated services answer for it, `batch<K>()` the most keys of a request, and
/// `open<K>(place)` makes the service of an instance, without waiting for anything. `reach()`, if
/// there, tries before the pipeline starts what only its user could mend.
template <class C, class K>
concept fact_client = std::copy_constructible<C> && requires(const C& c, const look_up_place& at) {
  typename C::template fact<K>;
  { c.name() } -> std::convertible_to<std::string>;
  { c.template batch<K>() } -> std::convertible_to<std::size_t>;
  { c.template open<K>(at) } -> std::convertible_to<service>;
};

/// What `enrich` takes: which key an event is looked up by, and where.
template <class KeyOf, class Client>
struct look_up_by {
  KeyOf key_of;
  Client client;
};

/// Anything that is made like that.
template <class L>
concept look_up_description = requires(L& l) {
  l.key_of;
  l.client;
};

namespace detail {

template <class R>
struct fact_of {
  using type = R;
};
template <class R>
struct fact_of<std::optional<R>> {
  using type = R;
};
template <class R>
struct fact_of<task<R>> : fact_of<R> {};

template <class R>
struct facts_of {};
template <class R>
struct facts_of<std::vector<std::optional<R>>> {
  using type = R;
};
template <class R>
struct facts_of<task<R>> : facts_of<R> {};

template <class R>
inline constexpr bool is_task = false;
template <class R>
inline constexpr bool is_task<task<R>> = true;

/// A function of all keys of a request, or of one key.
template <class F, class K>
concept batched_look_up = std::invocable < const F&,
        const std::vector<K>
& > ;
template <class F, class K>
concept single_look_up = std::invocable<const F&, const K&>;

template <class F, class K>
struct looked_up;
template <class F, class K>
requires batched_look_up<F, K>
struct looked_up<F, K> : facts_of<std::invoke_result_t<const F&, const std::vector<K>&>> {
};
template <class F, class K>
requires(single_look_up<F, K> && !batched_look_up<F, K>) struct looked_up<F, K>
    : fact_of<std::invoke_result_t<const F&, const K&>> {
};

}  // namespace detail

/// Looks facts up with a function of the user's: of one key, or of all keys of a request; one that
/// answers at once, or a coroutine.
template <class F>
class function_client {
public:
  template <class K>
  using fact = typename detail::looked_up<F, K>::type;

  explicit function_client(F f) : f_(std::make_shared<const F>(std::move(f))) {}

  [[nodiscard]] std::string name() const { return name_; }
  template <class K>
  [[nodiscard]] std::size_t batch() const {
    // Keys of one request are answered together: a coroutine should not wait for others'.
    constexpr bool waits = detail::single_look_up<F, K> && !detail::batched_look_up<F, K>;
    if constexpr (waits)
      if (batch_ == 0 && detail::is_task<std::invoke_result_t<const F&, const K&>>) return 1;
    return batch_ == 0 ? 256 : batch_;
  }

  template <class K>
  [[nodiscard]] service open(const look_up_place&) const {
    using R = fact<K>;
    if constexpr (detail::batched_look_up<F, K>)
      return on_executor(answering<K, R>([f = f_](std::vector<K> keys, auto done) {
        return ask_all<K, R>(f, std::move(keys), std::move(done));
      }));
    else
      return on_executor(answering<K, R>([f = f_](std::vector<K> keys, auto done) {
        return ask_each<K, R>(f, std::move(keys), std::move(done));
      }));
  }

  std::string name_ = "look-up";
  std::size_t batch_ = 0;  ///< 0: what suits the function.
  std::shared_ptr<executor> on_;

private:
  template <class R>
  using done_with = std::function<void(const std::vector<fact_answer<R>>&)>;

  /// One function call, or coroutine, for all keys.
  template <class K, class R>
  static void ask_all(const std::shared_ptr<const F>& f, std::vector<K> keys, done_with<R> done) {
    const std::size_t n = keys.size();
    const auto finish = [n, done](result<std::vector<std::optional<R>>> facts) {
      if (facts && facts->size() != n)
        facts = error{errc::stage_failed, "the look-up answered " + std::to_string(facts->size()) +
                                              " of " + std::to_string(n) + " keys"};
      std::vector<fact_answer<R>> answers;
      for (std::size_t i = 0; i < n; ++i)
        if (facts)
          answers.push_back(std::move((*facts)[i]));
        else
          answers.push_back(facts.error());
      done(answers);
    };
    if constexpr (detail::is_task<std::invoke_result_t<const F&, const std::vector<K>&>>) {
      // The coroutine may refer to its parameter: the keys live as long as it runs.
      auto held = std::make_shared<const std::vector<K>>(std::move(keys));
      auto running = std::invoke(*f, *held);
      start(std::move(running), [f, held, finish](auto facts) { finish(std::move(facts)); });
    } else {
      finish(std::invoke(*f, keys));
    }
  }

  /// One function call, or coroutine, a key; answers when the last has ended.
  template <class K, class R>
  static void ask_each(const std::shared_ptr<const F>& f, std::vector<K> keys, done_with<R> done) {
    struct gathering {
      std::vector<K> keys;
      std::vector<std::optional<fact_answer<R>>> answers;
      std::atomic<std::size_t> left;
      done_with<R> done;

      void put(std::size_t i, fact_answer<R> a) {
        answers[i].emplace(std::move(a));
        if (left.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
        std::vector<fact_answer<R>> all;
        for (auto& one : answers) all.push_back(std::move(*one));
        done(all);
      }
    };
    const std::size_t n = keys.size();
    auto to = std::make_shared<gathering>();
    to->keys = std::move(keys);
    to->answers.resize(n);
    to->left = n;
    to->done = std::move(done);
    for (std::size_t i = 0; i < n; ++i)
      ask_one<K, R>(f, to->keys[i], [to, i](fact_answer<R> a) { to->put(i, std::move(a)); });
  }

  template <class K, class R, class Put>
  static void ask_one(const std::shared_ptr<const F>& f, const K& key, Put put) {
    if constexpr (detail::is_task<std::invoke_result_t<const F&, const K&>>) {
      start(std::invoke(*f, key), [f, put](auto got) {
        if (got)
          put(std::optional<R>{std::move(*got)});
        else
          put(got.error());
      });
    } else {
      try {
        put(std::optional<R>{std::invoke(*f, key)});
      } catch (const exception& e) {
        put(e.why());
      } catch (const std::exception& e) {
        put(error{errc::stage_failed, e.what()});
      }
    }
  }

  [[nodiscard]] service on_executor(service s) const {
    if (!on_) return s;
    return [s = std::move(s), on = on_](std::span<const std::byte> request,
                                        std::function<void(bytes)> answer) {
      on->post([s, answer = std::move(answer), request = bytes(request.begin(), request.end())] {
        s(request, answer);
      });
    };
  }

  std::shared_ptr<const F> f_;  ///< A coroutine may refer to it for as long as it runs.
};

/// Looks up with `f` what `key_of` gives of an event. `f` is one of
///
/// - a coroutine: `[](key k) -> weir::task<std::optional<fact>>`, or `task<fact>` if there is
/// always
///   one;
/// - a coroutine, or a function, of many keys:
///   `[](const std::vector<key>& k) -> std::vector<std::optional<fact>>`, a fact a key, in order;
/// - a plain function of one key.
///
/// What it throws is a look-up that failed. It is called as const and by several instances at a
/// time, in the stage's own thread, so it must not block; a look-up `.on(executor)` is called there
/// and may. Without `batch`, a coroutine of one key is asked one key at a time, others up to 256.
template <class KeyOf, class F>
class function_look_up : public look_up_by<KeyOf, function_client<F>> {
public:
  function_look_up(KeyOf by, F f)
      : look_up_by<KeyOf, function_client<F>>{std::move(by), function_client<F>{std::move(f)}} {}

  /// Runs it in a thread of `e`.
  function_look_up on(std::shared_ptr<executor> e) && {
    this->client.on_ = std::move(e);
    return std::move(*this);
  }
  /// Asks for at most so many keys in one request.
  function_look_up batch(std::size_t keys) && {
    this->client.batch_ = keys;
    return std::move(*this);
  }
  /// What it is called where simulated services stand in for it.
  function_look_up named(std::string name) && {
    this->client.name_ = std::move(name);
    return std::move(*this);
  }
};

template <class KeyOf, class F>
[[nodiscard]] function_look_up<KeyOf, F> look_up(KeyOf key_of, F f) {
  return {std::move(key_of), std::move(f)};
}

}  // namespace weir
