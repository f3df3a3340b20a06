// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/source/history_gate.hpp"
#include "weir/source/source.hpp"

#include <algorithm>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

namespace detail {

/// What the names of the splits of a history begin with.
inline constexpr std::string_view history_prefix = "history:";

/// Reads the splits of a history to their end, then those of what goes on.
///
/// A live split is idle meanwhile. The last of the history's splits is not said to have ended
/// before each live one has given an event, or has none for now: its watermark holds event time
/// back until those of the live ones do.
template <class T>
class history_then_reader final : public source_reader<T> {
public:
  history_then_reader(std::unique_ptr<source_reader<T>> history,
                      std::unique_ptr<source_reader<T>> live, std::shared_ptr<history_gate> gate)
      : history_(std::move(history)), live_(std::move(live)), gate_(std::move(gate)) {}

  void assign(std::size_t lane, const split& what, std::uint64_t offset) override {
    if (what.id.starts_with(history_prefix)) {
      const std::string id = what.id.substr(history_prefix.size());
      gate_->reads(id);
      past_.push_back({lane, id, offset});
      history_->assign(past_.size() - 1, {id}, offset);
    } else {
      ahead_.push_back({lane, what.id, offset});
      live_->assign(ahead_.size() - 1, what, offset);
    }
  }
  void had_ended(const split& what) override {
    if (what.id.starts_with(history_prefix)) gate_->ended(what.id.substr(history_prefix.size()));
  }

  read_state poll(source_batch<T>& out, std::size_t max, const clock& time) override {
    wake_at_ = max_timestamp;
    const bool past = !held_ && !all_over();
    const bool waits = !begun_ && !gate_->open();
    if ((past || waits) && make_idle(out)) return read_state::more;
    if (past) return read_history(out, max, time);
    if (waits) return wait_for_others(time);
    begun_ = true;
    if (held_ && none_missing()) return let_go(out);
    return read_live(out, max, time);
  }

  [[nodiscard]] timestamp next_poll() const override { return wake_at_; }
  void pause(std::size_t lane) override {
    if (const auto at = find(past_, lane)) history_->pause(*at);
    if (const auto at = find(ahead_, lane)) live_->pause(*at);
  }
  void resume(std::size_t lane) override {
    if (const auto at = find(past_, lane)) history_->resume(*at);
    if (const auto at = find(ahead_, lane)) live_->resume(*at);
  }
  void keep_until_committed() override {
    history_->keep_until_committed();
    live_->keep_until_committed();
  }
  void committed(std::size_t lane, std::uint64_t offset) override {
    if (const auto at = find(past_, lane)) history_->committed(*at, offset);
    if (const auto at = find(ahead_, lane)) live_->committed(*at, offset);
  }
  void on_ready(std::function<void()> wake) override {
    history_->on_ready(wake);
    live_->on_ready(std::move(wake));
  }
  bool close() override {
    const bool past = history_->close();
    return live_->close() || past;
  }

private:
  struct progress_of {
    std::size_t number;
    std::string id;
    std::uint64_t offset;
    bool over = false;
    bool told = false;  ///< Live: it is said to be idle.
    bool met = false;   ///< Live: it has given an event, or has none for now.
  };
  static std::optional<std::size_t> find(const std::vector<progress_of>& in, std::size_t number) {
    for (std::size_t i = 0; i < in.size(); ++i)
      if (in[i].number == number) return i;
    return {};
  }

  [[nodiscard]] bool all_over() const {
    return std::all_of(past_.begin(), past_.end(), [](const progress_of& l) { return l.over; });
  }

  /// Not after a restart behind the history: then they are waited for as they were.
  bool make_idle(source_batch<T>& out) {
    for (progress_of& l : ahead_) {
      if (l.told) continue;
      l.told = true;
      out.lane = l.number;
      out.first_offset = out.end_offset = l.offset;
      out.lane_idle = true;
      return true;
    }
    return false;
  }

  read_state read_history(source_batch<T>& out, std::size_t max, const clock& time) {
    const read_state state = history_->poll(out, max, time);
    wake_at_ = history_->next_poll();
    for (std::size_t& at : out.at_end) at = past_[at].number;
    if (state == read_state::ended) {
      // A reader may have nothing left without having said so of each split.
      for (progress_of& l : past_) end(l);
      return read_state::waiting;
    }
    if (state != read_state::more) return state;
    progress_of& l = past_[out.lane];
    out.lane = l.number;
    l.offset = out.end_offset;
    if (!out.lane_ended) return state;
    const auto left =
        std::count_if(past_.begin(), past_.end(), [](const progress_of& x) { return !x.over; });
    if (left > 1) return end(l), state;
    held_ = &l - past_.data();
    gate_->ended(l.id);
    out.lane_ended = false;
    out.moved = true;
    return state;
  }
  void end(progress_of& l) {
    l.over = true;
    gate_->ended(l.id);
  }

  read_state wait_for_others(const clock& time) {
    wake_at_ = time.wall() + std::chrono::milliseconds{20};
    return read_state::waiting;
  }

  [[nodiscard]] bool none_missing() const {
    return std::all_of(ahead_.begin(), ahead_.end(), [](const progress_of& l) { return l.met; });
  }
  read_state let_go(source_batch<T>& out) {
    progress_of& l = past_[*std::exchange(held_, std::nullopt)];
    l.over = true;
    out.lane = l.number;
    out.first_offset = out.end_offset = l.offset;
    out.lane_ended = true;
    return read_state::more;
  }

  read_state read_live(source_batch<T>& out, std::size_t max, const clock& time) {
    const read_state state = live_->poll(out, max, time);
    wake_at_ = live_->next_poll();
    for (std::size_t& at : out.at_end) {
      ahead_[at].met = true;
      at = ahead_[at].number;
    }
    if (state == read_state::more) {
      progress_of& l = ahead_[out.lane];
      out.lane = l.number;
      l.met = l.met || !out.events.empty() || out.lane_ended;
      out.lane_idle = out.lane_idle || (!l.met && held_);
    } else if (state != read_state::waiting) {
      for (progress_of& l : ahead_) l.met = true;
      if (held_) return let_go(out);
    }
    return state;
  }

  std::unique_ptr<source_reader<T>> history_;
  std::unique_ptr<source_reader<T>> live_;
  std::shared_ptr<history_gate> gate_;
  std::vector<progress_of> past_;
  std::vector<progress_of> ahead_;
  std::optional<std::size_t> held_;  ///< Of the history: read, but not said to have ended.
  bool begun_ = false;               ///< What is live is read.
  timestamp wake_at_ = max_timestamp;
};

class history_then_enumerator final : public source_enumerator {
public:
  history_then_enumerator(std::unique_ptr<source_enumerator> history,
                          std::unique_ptr<source_enumerator> live,
                          std::shared_ptr<history_gate> gate)
      : history_(std::move(history)), live_(std::move(live)), gate_(std::move(gate)) {}

  /// The history is searched once: files that come later are no history.
  result<std::vector<split>> discover() override {
    if (found_.empty()) {
      auto past = history_->discover();
      if (!past) return past.error();
      for (const split& s : *past) {
        gate_->expects(s.id);
        found_.push_back({std::string{history_prefix} + s.id});
      }
      gate_->complete();
    }
    auto live = live_->discover();
    if (!live) return live.error();
    std::vector<split> all = found_;
    all.insert(all.end(), live->begin(), live->end());
    return all;
  }
  [[nodiscard]] duration find_again_every() const override { return live_->find_again_every(); }

private:
  std::unique_ptr<source_enumerator> history_;
  std::unique_ptr<source_enumerator> live_;
  std::shared_ptr<history_gate> gate_;
  std::vector<split> found_;
};

}  // namespace detail

/// What `history_then` makes.
template <source History, source Live>
class history_then_source {
public:
  using event_type = typename Live::event_type;

  history_then_source(History history, Live live)
      : history_(std::move(history)),
        live_(std::move(live)),
        gate_(std::make_shared<history_gate>()) {}

  [[nodiscard]] std::unique_ptr<source_enumerator> make_enumerator() const {
    auto past = history_.make_enumerator();
    if (past->find_again_every() > duration{0})
      throw exception({errc::invalid_argument,
                       "history_then: the history is one that is followed, and never ends"});
    return std::make_unique<detail::history_then_enumerator>(std::move(past),
                                                             live_.make_enumerator(), gate_);
  }
  [[nodiscard]] std::unique_ptr<source_reader<event_type>> make_reader() const {
    return std::make_unique<detail::history_then_reader<event_type>>(history_.make_reader(),
                                                                     live_.make_reader(), gate_);
  }
  /// By the one of the two that the split is of.
  [[nodiscard]] result<event_type> decode_record(const std::string& split,
                                                 std::string_view record) const
      requires(decodes_records<History>&& decodes_records<Live>) {
    if (split.starts_with(detail::history_prefix))
      return history_.decode_record(split.substr(detail::history_prefix.size()), record);
    return live_.decode_record(split, record);
  }
  [[nodiscard]] result<void> check_offset(const std::string& split, std::uint64_t) const {
    return error{errc::invalid_argument,
                 "a run can't begin at an offset of '" + split +
                     "', behind or in a history: say it in the options of what goes on"};
  }
  [[nodiscard]] std::string kind() const { return live_.kind(); }
  [[nodiscard]] bool blocking() const { return history_.blocking() || live_.blocking(); }

private:
  History history_;
  Live live_;
  std::shared_ptr<history_gate> gate_;
};

/// Reads a history, such as files, to its end, and then goes on with what is live, such as a topic,
/// in one source: all of the history before anything live, over all instances. Where the live one
/// begins is its own setting; it should be where the history ends.
///
///     p.from(weir::history_then(weir::files<order>("orders-2025-*.csv"),
///                               weir::kafka::topic<order>(at, "orders",
///                                   {.start = weir::kafka::start_at::time(new_year)})))
///
/// Event time goes through the history and on without a gap: nothing live is late because another
/// split began sooner. With checkpoints a run goes on where it was, in either.
template <source History, source Live>
[[nodiscard]] auto history_then(History history, Live live) {
  static_assert(std::same_as<typename History::event_type, typename Live::event_type>,
                "weir: a history and what goes on must have events of one type");
  if constexpr (requires { live.require_beginning(); }) live.require_beginning();
  return history_then_source<History, Live>{std::move(history), std::move(live)};
}

}  // namespace weir
