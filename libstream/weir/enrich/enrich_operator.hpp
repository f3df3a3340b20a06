// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/enrich/enrich_metrics.hpp"
#include "weir/enrich/enriched.hpp"
#include "weir/enrich/fact_cache.hpp"
#include "weir/enrich/flights.hpp"
#include "weir/enrich/look_up.hpp"
#include "weir/enrich/waiting_room.hpp"
#include "weir/flow/describe_event.hpp"
#include "weir/flow/operator_concepts.hpp"
#include "weir/operators/process_context.hpp"
#include "weir/state/fetch_ahead.hpp"
#include "weir/state/keyed_parts.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weir::operators {

/// Looks a fact up for each event and emits the two. Events wait here, and hold the watermark back,
/// until their facts are there or given up; they are the operator's state, and asked for again
/// after a restart. `StreamKey` gives the stream's key, or `no_key`.
template <class T, class LookUp, class StreamKey>
class enrich {
  using key_of_type = decltype(LookUp::key_of);
  using client_type = decltype(LookUp::client);
  using K = mapped<key_of_type, T>;
  using R = typename client_type::template fact<K>;
  static constexpr bool keyed = !std::is_same_v<mapped<StreamKey, T>, no_key>;
  using lane_key = std::conditional_t<keyed, mapped<StreamKey, T>, K>;
  using event = waiting_event<T, R>;

public:
  using output = enriched<T, R>;
  static constexpr bool emits_at_most_one = true;
  static constexpr bool keeps_letters = true;

  enrich(LookUp of, StreamKey stream_key, enrich_options<R> options)
      : look_up_(std::move(of)),
        stream_key_(std::move(stream_key)),
        options_(std::move(options)),
        waiting_(options_.order),
        flights_(look_up_.client.template batch<K>(), options_.capacity),
        cache_(options_.cache) {}

  void open(const flow::operator_environment& e) {
    id_ = e.id;
    groups_ = e.key_groups;
    random_ = e.instance + 1;
    service_ = std::make_shared<const service>(
        look_up_.client.template open<K>({e.id, e.instance, e.parallelism}));
    metrics_ = enrich_metrics{*e.metrics, e.id};
  }

  void look_ahead(const batch<T>& in, std::size_t i) const noexcept {
    if (!cache_.enabled()) return;
    fetch_ahead(
        cache_.slots(), coming_, in.size(), i,
        [&](std::size_t n) -> K { return std::invoke(look_up_.key_of, in.values[n]); },
        [](const auto&) {});
  }

  template <class E, class Next>
  void on_event(E&& e, timestamp at, Next& next, flow::step& s) {
    if (fresh_from_snapshot_) begin_restored(s);
    const auto& key = std::invoke(look_up_.key_of, std::as_const(e));
    metrics_.look_ups->add(1);
    if (auto* known = cache_.enabled() ? cache_.find(key, s.wall) : nullptr) {
      (known->fact ? metrics_.hits : metrics_.negative_hits)->add(1);
      if (known->refresh_at <= s.wall) refresh(key, *known, s);
      const fact_source source = known->fact ? fact_source::found : fact_source::missing;
      if (!waiting_.behind_others(lane_of(e, key)))
        return next(output{std::forward<E>(e), known->fact, source}, at);
      const auto slot = hold(std::forward<E>(e), at, key, s);
      settle(slot, source, known->fact);
    } else {
      const K own = key;  // it may be a part of the event
      // First, since it refuses a key that holds NaN: then nothing has changed.
      const auto flight = flights_.join(own).first;
      wait_for(flight, hold(std::forward<E>(e), at, own, s), s);
    }
  }

  template <class Next>
  flow::verdict on_completion(Next& next, flow::step& s) {
    if (answered_ != s.completion) {
      answered_ = s.completion;
      take_answers(s);
    }
    return let_leave(next, s);
  }

  template <class Next>
  flow::verdict on_time(Next& next, flow::step& s) {
    if (fresh_from_snapshot_) begin_restored(s);
    while (waiting_.next_deadline() <= s.wall) give_up(waiting_.first_overdue());
    metrics_.retries->add(flights_.try_again(s.wall));
    ask(s, true);
    return let_leave(next, s);
  }
  [[nodiscard]] timestamp next_timer() {
    if (fresh_from_snapshot_) return min_timestamp;
    return std::min(waiting_.next_deadline(), flights_.next_try());
  }

  /// Follows every batch: what was gathered is asked for. Results must not be late, so the
  /// watermark waits for the events in here.
  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next& next, flow::step& s) {
    ask(s, true);
    if (const auto v = let_leave(next, s); v != flow::verdict::done) return v;
    metrics_.in_flight->set(static_cast<std::int64_t>(waiting_.size()));
    if (!waiting_.empty()) {
      const timestamp before = saturating_add(waiting_.earliest(), duration{-1});
      p.watermark = std::max(passed_, std::min(p.watermark, before));
      p.idle = false;
    }
    passed_ = std::max(passed_, p.watermark);
    return flow::verdict::done;
  }

  [[nodiscard]] flow::outstanding outstanding() const noexcept {
    return {!waiting_.empty(), waiting_.size() >= options_.capacity};
  }

  flow::verdict snapshot(snapshot_writer& to) {
    if constexpr (keyed) {
      keyed_parts<lane_key> parts{to, groups_};
      waiting_.each(
          [&](auto, const event& e) { save(e, parts.begin(std::invoke(stream_key_, e.event))); });
      parts.template write<saved_entry>(to, "@waiting");
    } else {
      save_form<saved_entry>(to, "@waiting");
      bytes all;
      waiting_.each([&](auto, const event& e) { save(e, all); });
      if (!all.empty()) to.item("@waiting", std::move(all));
    }
    return flow::verdict::done;
  }

  void restore(snapshot_reader& from) {
    const saved_form form = saved(from);
    const auto read = [&](byte_reader& in) {
      T e{};
      timestamp at;
      if (!skip_key(in) || !decode(in, at) || !decode(in, e)) return false;
      const K key = std::invoke(look_up_.key_of, std::as_const(e));
      const auto slot = waiting_.enter(std::move(e), at, lane_of(e, key));
      join(flights_.join(key).first, slot);
      return true;
    };
    from.each("@waiting", [&](key_group, std::span<const std::byte> data) {
      byte_reader in{data};
      if (!form.each_entry(in, read))
        throw exception({errc::incompatible, "state '@waiting': a saved event does not decode"});
    });
    fresh_from_snapshot_ = !waiting_.empty();
  }

private:
  using slot_number = std::uint32_t;
  /// What is saved of an event.
  using saved_entry =
      std::conditional_t<keyed, std::tuple<lane_key, timestamp, T>, std::tuple<timestamp, T>>;

  static saved_form saved(const snapshot_reader& from) {
    if constexpr (keyed)
      return form_of_entry<saved_entry>(from, "@waiting");
    else
      return form_of<saved_entry>(from, "@waiting");
  }

  template <class E>
  decltype(auto) lane_of(const E& e, const K& key) const {
    if constexpr (keyed)
      return std::invoke(stream_key_, e);
    else
      return (key);
  }

  template <class E>
  slot_number hold(E&& e, timestamp at, const K& key, flow::step& s) {
    const lane_key lane = lane_of(e, key);
    const auto slot = waiting_.enter(std::forward<E>(e), at, lane);
    waiting_[slot].read_at = s.earliest;
    return slot;
  }

  void wait_for(slot_number flight, slot_number slot, flow::step& s) {
    if (options_.timeout != duration{0})
      waiting_.set_deadline(slot, saturating_add(s.wall, options_.timeout));
    join(flight, slot);
    ask(s, false);
  }
  void join(slot_number number, slot_number slot) {
    auto& f = flights_[number];
    waiting_[slot].flight = number;
    (f.first == no_slot ? f.first : waiting_[f.last].next_in_flight) = slot;
    f.last = slot;
  }
  /// Asks for a fact again that is still good, and goes on to use it.
  void refresh(const K& key, typename fact_cache<K, R>::entry& known, flow::step& s) {
    known.refresh_at = max_timestamp;
    if (!flights_.join(key).second) return;
    metrics_.refreshes->add(1);
    ask(s, false);
  }

  /// Sends what is gathered: full requests, and small ones too if `all` and it is worth it.
  void ask(flow::step& s, bool all) {
    while (flights_.full_request() || (all && flights_.small_request())) {
      bytes keys = flights_.make_request();
      if (keys.empty()) return;
      metrics_.requests->add(1);
      flights_.sent(s.ask(look_up_.client.name(), std::move(keys), service_), s.wall);
    }
  }

  void take_answers(flow::step& s) {
    byte_reader in{s.completion_data};
    std::size_t n = 0;
    const timestamp since = flights_.answered(s.completion, [&](slot_number number) {
      auto answer = decode_answer<R>(in);
      if (!answer) {
        in = byte_reader{{}};
        answer.emplace(error{errc::decode_failed, "the look-up's answer does not decode"});
      }
      if (number != flights_.gone) take_answer(number, std::move(*answer), s);
      ++n;
    });
    if (since != max_timestamp)
      metrics_.round_trip->record(
          static_cast<std::uint64_t>(std::max<std::int64_t>(0, (s.wall - since).count())) * 1000);
    s.budget -= std::min(s.budget, n);
    ask(s, true);
  }

  void take_answer(slot_number number, fact_answer<R> answer, flow::step& s) {
    auto& f = flights_[number];
    if (!answer) return failed(number, answer.error().message, s);
    const fact_source source = *answer ? fact_source::found : fact_source::missing;
    slot_number at = f.first;
    if (cache_.enabled() && cache_.put(f.key, *answer, s.wall)) metrics_.evictions->add(1);
    flights_.end(number);
    while (at != no_slot) {
      const slot_number following = waiting_[at].next_in_flight;
      following == no_slot ? settle(at, source, std::move(*answer)) : settle(at, source, *answer);
      at = following;
    }
  }

  void failed(slot_number number, const std::string& why, flow::step& s) {
    auto& f = flights_[number];
    const std::uint32_t failures = f.failures;
    f.failures = std::min(failures + 1, retry_options::for_ever - 1);
    if (failures < options_.retry.tries)
      return flights_.back_off(number, saturating_add(s.wall, backoff(failures)));
    slot_number at = f.first;
    flights_.end(number);
    while (at != no_slot) {
      const slot_number following = waiting_[at].next_in_flight;
      metrics_.failures->add(1);
      waiting_[at].why = why;
      waiting_[at].tries = failures + 1;
      settle(at, fact_source::failed, options_.on_error.value());
      at = following;
    }
  }

  /// The back-off after a number of failures, shortened by chance so that those who failed together
  /// don't come back together.
  [[nodiscard]] duration backoff(std::uint32_t failures) {
    random_ += 0x9E3779B97F4A7C15ULL;  // SplitMix64
    std::uint64_t z = random_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    const double share = static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
    const double whole = static_cast<double>(options_.retry.backoff.count()) *
                         static_cast<double>(1ULL << std::min(failures, 40U));
    const double most = std::min(whole, static_cast<double>(options_.retry.most.count()));
    return duration{static_cast<std::int64_t>(most * (1 - options_.retry.jitter * share))};
  }

  /// Gives up an event whose time is over. It is the first that waits for its key: those behind it
  /// came later.
  void give_up(slot_number slot) {
    event& e = waiting_[slot];
    auto& f = flights_[e.flight];
    f.first = e.next_in_flight;
    e.tries = f.failures + 1;
    if (f.first == no_slot) flights_.end(e.flight);
    metrics_.timeouts->add(1);
    settle(slot, fact_source::timed_out, options_.on_timeout.value());
  }

  void settle(slot_number slot, fact_source source, std::optional<R> fact) {
    waiting_[slot].source = source;
    waiting_[slot].fact = std::move(fact);
    waiting_.settle(slot);
  }

  template <class Next>
  flow::verdict let_leave(Next& next, flow::step& s) {
    while (waiting_.any_leaving()) {
      if (next.full() || s.errors.waiting(s.wall, s.out)) return flow::verdict::blocked;
      if (s.budget == 0) return flow::verdict::more;
      --s.budget;
      event e = waiting_.take_leaving();
      const bool late = e.source == fact_source::timed_out;
      if ((late && !options_.on_timeout.hands_on()) ||
          (e.source == fact_source::failed && !options_.on_error.hands_on())) {
        keep_as_letter(e, s);
        continue;
      }
      next.read_at(e.read_at);
      next(output{std::move(e.event), std::move(e.fact), e.source}, e.at);
    }
    return flow::verdict::done;
  }

  void keep_as_letter(const event& e, flow::step& s) {
    error why{errc::stage_failed, "the look-up failed: " + e.why};
    if (e.source == fact_source::timed_out)
      why.message = "the look-up took longer than " +
                    std::to_string(options_.timeout.count() / 1000) + " ms (enrich's timeout)";
    s.errors.keep(id_, std::move(why), e.tries, s.wall,
                  [&](dead_letter& letter) { flow::describe_event(e.event, e.at, letter); });
  }

  static void save(const event& e, bytes& to) {
    encode(e.at, to);
    encode(e.event, to);
  }
  static bool skip_key(byte_reader& in) {
    if constexpr (keyed) {
      lane_key unused{};
      return decode(in, unused);
    }
    return true;
  }
  /// What a snapshot held waits from now on.
  void begin_restored(flow::step& s) {
    fresh_from_snapshot_ = false;
    if (options_.timeout == duration{0}) return;
    waiting_.each([&](slot_number slot, const event&) {
      waiting_.set_deadline(slot, saturating_add(s.wall, options_.timeout));
    });
  }

  LookUp look_up_;
  [[no_unique_address]] StreamKey stream_key_;
  enrich_options<R> options_;
  std::shared_ptr<const service> service_;
  std::string id_;
  std::uint32_t groups_ = default_key_groups;
  std::uint64_t random_ = 0;
  enrich_metrics metrics_;

  waiting_room<T, R, lane_key> waiting_;
  flights<K> flights_;
  fact_cache<K, R> cache_;
  mutable coming_hashes coming_;
  std::optional<std::uint64_t> answered_;  ///< The completion that was taken last.
  timestamp passed_ = min_timestamp;       ///< The watermark that was handed on.
  bool fresh_from_snapshot_ = false;
};

}  // namespace weir::operators
