// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/windows/late_gate.hpp"
#include "weir/windows/session.hpp"
#include "weir/windows/window.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <utility>
#include <variant>

namespace weir {

/// What an instance has gathered of some events of a key that lie in one pane, on its way to the
/// instance that owns the key; or a single event, which is sent as it is where it may be late. Its
/// timestamp is that of the newest event.
template <class K, class T, class Acc>
struct partial {
  K key{};
  std::uint64_t events = 0;
  std::variant<Acc, T> content;

  /// The key may be a part of the event: it is copied before that is moved.
  template <class E>
  static partial alone(const K& key, E&& event) {
    return {key, 1, decltype(content){std::in_place_index<1>, std::forward<E>(event)}};
  }
  static partial gathered(K key, std::uint64_t events, Acc acc) {
    return {std::move(key), events, decltype(content){std::in_place_index<0>, std::move(acc)}};
  }

  BOOST_DESCRIBE_CLASS(partial, (), (key, events, content), (), ())
};

/// What has been gathered of a session: how far it goes, and the accumulator.
template <class Acc>
struct session_part {
  window at;
  Acc acc{};

  BOOST_DESCRIBE_CLASS(session_part, (), (at, acc), (), ())
};

namespace operators {

/// The key of a partial.
struct partial_key {
  template <class K, class T, class Acc>
  const K& operator()(const partial<K, T, Acc>& p) const noexcept {
    return p.key;
  }
};

/// Gathers partials as `Fold` gathers events, and emits what it emits.
template <class Fold, class T>
class partial_fold : public Fold {
public:
  using accumulator = typename Fold::accumulator;

  explicit partial_fold(Fold fold) : Fold(std::move(fold)) {}

  template <class K, class Acc>
  void add(accumulator& acc, const partial<K, T, Acc>& p, timestamp at) const {
    if (p.content.index() == 0)
      this->merge(acc, gathered(std::get<0>(p.content)));
    else
      Fold::add(acc, std::get<1>(p.content), at);
  }

private:
  static const accumulator& gathered(const accumulator& acc) noexcept { return acc; }
  static const accumulator& gathered(const session_part<accumulator>& part) noexcept {
    return part.acc;
  }
};

/// The windows of partials of sessions: a partial's is that of all its events.
template <class Windows>
class sessions_of_partials {
public:
  static constexpr bool merging = true;

  explicit sessions_of_partials(Windows windows) : windows_(std::move(windows)) {}

  template <class K, class T, class Acc, class Emit>
  void assign(const partial<K, T, session_part<Acc>>& p, timestamp at, Emit emit) const {
    if (p.content.index() == 0)
      emit(std::get<0>(p.content).at);
    else
      windows_.assign(std::get<1>(p.content), at, emit);
  }
  [[nodiscard]] touching rule() const noexcept { return windows_.rule(); }

private:
  Windows windows_;
};

/// Refuses single events as they came, and counts all events of a partial.
template <class K, class T, class Acc>
class late_gate<partial<K, T, Acc>> {
public:
  explicit late_gate(std::string output) : events_(std::move(output)) {}

  void open(const flow::operator_environment& e) {
    metrics_ = e.metrics;
    events_.open(e);
  }

  void refuse(const partial<K, T, Acc>& p, timestamp at, timestamp watermark, const flow::step& s) {
    if (p.content.index() == 1) return events_.refuse(std::get<1>(p.content), at, watermark, s);
    metrics_->late_events.add(p.events);
    metrics_->late_unclaimed.add(p.events);
  }

private:
  late_gate<T> events_;
  stage_metrics* metrics_ = nullptr;
};

}  // namespace operators
}  // namespace weir
