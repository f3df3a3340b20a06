// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/aggregates/basic.hpp"
#include "weir/aggregates/ranked.hpp"
#include "weir/core/error.hpp"
#include "weir/enrich/enrich_operator.hpp"
#include "weir/graph/draft.hpp"
#include "weir/operators/concepts.hpp"
#include "weir/operators/process_context.hpp"
#include "weir/operators/sample.hpp"
#include "weir/operators/sort_by_time.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace weir::build {

/// The key of events that have none.
struct without_key {
  template <class T>
  no_key operator()(const T&) const noexcept {
    return {};
  }
};

/// Throws `weir::exception` unless `d` is at least 1 us.
inline duration positive_time(duration d, const std::string& what) {
  if (d <= duration{0})
    throw exception({errc::invalid_argument, what + " must be positive, and at least 1 us"});
  return d;
}

/// Notes a mistake of a stream without event time that is asked for something that needs one.
inline void require_event_time(graph_draft& draft, bool has_event_time, const std::string& what) {
  if (!has_event_time)
    draft.mistake(what +
                  ": the stream has no event time, which tells how long to remember; call "
                  ".event_time(&event::at, bounded_out_of_orderness{5s}) before");
}

/// What a look-up finds for events of `T`.
template <class T, class KeyOf, class Client>
using fact_type = typename Client::template fact<mapped<KeyOf, T>>;

/// Adds an enrichment to a chain that begins a stage.
struct enriching {
  template <class Chain, class T, class StreamKey, class LookUp, class R>
  static auto add(Chain chain, StreamKey stream_key, LookUp of, enrich_options<R> options) {
    using key = mapped<decltype(LookUp::key_of), T>;
    static_assert(encodable<T>,
                  "weir: enrich() keeps events in state, which needs a codec: describe the type "
                  "with BOOST_DESCRIBE_STRUCT");
    static_assert(key_type<key>,
                  "weir: enrich() wants a key with a codec and ==; describe it with "
                  "BOOST_DESCRIBE_STRUCT");
    static_assert(encodable<R>,
                  "weir: enrich() wants facts with a codec: describe the type with "
                  "BOOST_DESCRIBE_STRUCT");
    static_assert(fact_client<decltype(LookUp::client), key>,
                  "weir: enrich() wants a look-up that takes the key that its key function gives");
    options.check();
    using op = operators::enrich<T, LookUp, StreamKey>;
    std::function<result<void>()> reach;
    if constexpr (requires { of.client.reach(); })
      reach = [client = of.client] { return client.reach(); };
    auto made = std::move(chain).template then<typename op::output>(
        op{std::move(of), std::move(stream_key), std::move(options)}, "enrich", true);
    made.state_.draft->stages[made.from_->stage()].operators[*made.state_.newest].reach =
        std::move(reach);
    return made;
  }
};

/// The part of `chain` that holds small operators. `Chain` is the chain itself.
template <class Chain, class T>
class small_operators {
public:
  /// Passes the first of every `n` events of an instance on. Throws `weir::exception` if `n` is 0.
  auto sample_every(std::uint64_t n) && {
    if (n == 0)
      throw exception({errc::invalid_argument, "sample_every(): n is 0; 1 keeps every event"});
    return std::move(self()).template then<T>(operators::sample_every{n}, "sample", true);
  }
  auto sample_every(std::uint64_t n) & { return self().rooted().sample_every(n); }

  /// Passes events on that are drawn with the chance `share`, which is between 0 and 1. The same
  /// seed draws the same of the same events. Throws `weir::exception` if it is not.
  auto sample(double share, std::uint64_t seed = 0) && {
    if (!(share >= 0 && share <= 1))
      throw exception({errc::invalid_argument, "sample(): the share must be between 0 and 1"});
    return std::move(self()).template then<T>(operators::sample_share{share, seed}, "sample", true);
  }
  auto sample(double share, std::uint64_t seed = 0) & {
    return self().rooted().sample(share, seed);
  }

  /// Holds events until the watermark has reached them, and passes them on by timestamp, for each
  /// instance apart. An event behind the watermark is late: counted, and sent to the side output.
  auto sort_by_time(const side_output<T>& late = {}) && {
    static_assert(encodable<T>,
                  "weir: sort_by_time() keeps events in state, which needs a codec: describe the "
                  "type with BOOST_DESCRIBE_STRUCT");
    require_event_time(*self().state_.draft, self().state_.has_event_time, "sort_by_time()");
    return std::move(self()).template then<T>(
        operators::sort_by_time<no_key, T, without_key>{{}, late.name}, "sort_by_time", true);
  }
  auto sort_by_time(const side_output<T>& late = {}) & {
    return self().rooted().sort_by_time(late);
  }

  /// Passes an event on unless one with the same `key` passed less than `ttl` before it; see
  /// `keyed_stream::distinct`.
  template <mapper<T> KeyOf>
  auto distinct(KeyOf key, duration ttl, const side_output<T>& late = {}) && {
    return std::move(self()).key_by(std::move(key)).distinct(ttl, late);
  }
  template <mapper<T> KeyOf>
  auto distinct(KeyOf key, duration ttl, const side_output<T>& late = {}) & {
    return self().key_by(std::move(key)).distinct(ttl, late);
  }

  /// Looks a fact up for each event, somewhere outside the stream, and emits the two; see
  /// docs/guide/enrichment.md. The operator begins a stage. Throws `weir::exception` if a setting
  /// makes no sense.
  template <class KeyOf, class Client>
  auto enrich(look_up_by<KeyOf, Client> of,
              enrich_options<fact_type<T, KeyOf, Client>> options = {}) && {
    auto first = std::move(self()).stage("");
    return enriching::add<decltype(first), T>(std::move(first), without_key{}, std::move(of),
                                              std::move(options));
  }
  template <class KeyOf, class Client>
  auto enrich(look_up_by<KeyOf, Client> of,
              enrich_options<fact_type<T, KeyOf, Client>> options = {}) & {
    return self().rooted().enrich(std::move(of), std::move(options));
  }

  template <class L>
  requires(!look_up_description<L>) auto& enrich(L) {
    static_assert(look_up_description<L>,
                  "weir: enrich() wants a look-up, like weir::look_up(&event::key, function) or "
                  "weir::redis::get<fact>(url, &event::key)");
    return self();
  }

  /// Counts the events of each key and window: `key_by(key).window(windows).aggregate(count{})`.
  template <mapper<T> KeyOf, class Windows>
  auto count_by(KeyOf key, Windows windows) && {
    return std::move(self()).key_by(std::move(key)).window(std::move(windows)).aggregate(count{});
  }
  template <mapper<T> KeyOf, class Windows>
  auto count_by(KeyOf key, Windows windows) & {
    return self().key_by(std::move(key)).window(std::move(windows)).aggregate(count{});
  }

  /// Of each window, the `n` events for which `by` gives the most, highest first:
  /// `window(windows).aggregate(top_k(n, by))`.
  template <mapper<T> By, class Windows>
  auto top(std::size_t n, By by, Windows windows) && {
    return std::move(self()).window(std::move(windows)).aggregate(top_k{n, std::move(by)});
  }
  template <mapper<T> By, class Windows>
  auto top(std::size_t n, By by, Windows windows) & {
    return self().rooted().top(n, std::move(by), std::move(windows));
  }

private:
  Chain& self() noexcept { return static_cast<Chain&>(*this); }
};

}  // namespace weir::build
