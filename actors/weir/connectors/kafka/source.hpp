// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/kafka/consumer.hpp"
#include "weir/connectors/kafka/decode.hpp"
#include "weir/source/source.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace weir::kafka {

/// Decodes a record; what is wrong with the record is an error.
template <class Decode, class T>
[[nodiscard]] result<void> decode_rejecting(Decode& decode, const record_view& r, T& to) {
  try {
    return decode(r, to);
  } catch (const cannot_go_on&) {
    throw;
  } catch (const std::exception& e) {
    return error{errc::decode_failed, e.what()};
  }
}

/// Makes events of what a consumer fetches.
template <class T, class Decode>
class topic_reader final : public source_reader<T> {
public:
  topic_reader(consumer from, Decode decode) : from_(std::move(from)), decode_(std::move(decode)) {}

  void assign(std::size_t lane, const split& what, std::uint64_t position) override {
    from_.assign(lane, what.id, position);
  }

  read_state poll(source_batch<T>& out, std::size_t max, const clock& time) override {
    fetched got;
    const read_state state = from_.fetch(got, out.at_end, max, time);
    if (state != read_state::more) return state;
    out.lane = got.lane;
    out.lane_ended = got.ended;
    out.moved = got.moved;
    out.first_offset = out.end_offset = got.position;
    if (!got.records.empty()) {
      out.first_offset = got.records.front().position;
      if (out.first_offset == 0) out.first_offset = zero_;
    }
    if (got.moved && got.position == begun_at_zero) zero_ = begun_at_zero;
    out.events.reserve(got.records.size());
    for (const record_view& r : got.records) take(r, out);
    return read_state::more;
  }

  [[nodiscard]] timestamp next_poll() const override { return from_.next_fetch(); }
  void pause(std::size_t lane) override { from_.pause(lane, true); }
  void resume(std::size_t lane) override { from_.pause(lane, false); }
  void keep_until_committed() override { from_.commit_with_checkpoints(); }
  void committed(std::size_t lane, std::uint64_t position) override {
    from_.committed(lane, position);
  }
  void on_ready(std::function<void()> wake) override { from_.on_ready(std::move(wake)); }

private:
  /// The offset after an event is that of the next one of the batch: records between them that were
  /// rejected have been dealt with before.
  void take(const record_view& r, source_batch<T>& out) {
    auto decoded = decode_rejecting(decode_, r, out.events.values.emplace_back(T{}));
    if (!decoded) {
      out.events.values.pop_back();
      constexpr std::size_t kept = 64 << 10;
      std::string why = decoded.error().message;
      if (from_.by_group())  // whose split says nothing about the record
        why = split_of(std::string{r.topic}, r.partition) + " at " + std::to_string(r.offset) +
              ": " + why;
      out.rejected.push_back(
          {r.position, std::string{r.value.value_or("").substr(0, kept)}, std::move(why)});
      return;
    }
    if (!out.offsets.empty()) out.offsets.back() = r.position;
    out.offsets.push_back(r.position + 1);
    out.events.times.push_back(r.at);
  }

  consumer from_;
  Decode decode_;
  std::uint64_t zero_ = 0;  ///< How offset 0 is told as a position.
};

/// A decoder that looks at a topic before it is read, and may refuse it: `check<T>(topic)`.
template <class D, class T>
concept checks_topics = requires(D& decode, const std::string& topic) {
  { decode.template check<T>(topic) } -> std::same_as<result<void>>;
};

/// Has the topics checked when a pipeline starts; not when it restarts.
template <class T, class Decode>
class checked_enumerator final : public source_enumerator {
public:
  checked_enumerator(std::unique_ptr<source_enumerator> of, Decode decode, bool began)
      : of_(std::move(of)), decode_(std::move(decode)), checked_(began) {}

  result<std::vector<split>> discover() override {
    auto found = of_->discover();
    if (!found || checked_) return found;
    std::set<std::string> topics;
    for (const split& s : *found) topics.insert(s.id.substr(0, s.id.rfind('/')));
    for (const std::string& topic : topics)
      if (auto fits = decode_.template check<T>(topic); !fits) return fits.error();
    checked_ = true;
    return found;
  }
  [[nodiscard]] duration find_again_every() const override { return of_->find_again_every(); }

private:
  std::unique_ptr<source_enumerator> of_;
  Decode decode_;
  bool checked_;
};

/// Where the brokers deal the partitions: to Weir the process is one split, which it reads alone.
class group_enumerator final : public source_enumerator {
public:
  group_enumerator(std::unique_ptr<source_enumerator> of, const std::string& topic)
      : of_(std::move(of)), only_{group_split(topic)} {}

  result<std::vector<split>> discover() override {
    if (auto found = of_->discover(); !found) return found.error();
    return std::vector<split>{only_};
  }

private:
  std::unique_ptr<source_enumerator> of_;
  split only_;
};

/// What `topic` makes: a source whose splits are partitions, called `topic/number`. Copies share
/// what `lag` reports.
template <class T, class Decode>
class topic_source {
public:
  using event_type = T;

  topic_source(cluster at, std::string topic, Decode decode, source_options options)
      : at_(std::move(at)),
        topic_(std::move(topic)),
        decode_(std::move(decode)),
        options_(std::move(options)),
        lag_(std::make_shared<lag_board>()),
        began_(std::make_shared<std::atomic<bool>>(false)) {
    if (at_.brokers.empty() || topic_.empty())
      throw exception({errc::invalid_argument, "kafka: say brokers (host:port) and a topic"});
    if (options_.start.what() == start_at::kind::group && options_.group.empty())
      throw exception({errc::invalid_argument, "kafka: start_at::group() wants the option group"});
    if (shared()) require_group();
  }

  [[nodiscard]] std::unique_ptr<source_enumerator> make_enumerator() const {
    const bool began = *began_;
    auto found = kafka::make_enumerator(at_, topic_, options_, began_);
    if constexpr (checks_topics<Decode, T>)
      found = std::make_unique<checked_enumerator<T, Decode>>(std::move(found), decode_, began);
    if (!shared()) return found;
    return std::make_unique<group_enumerator>(std::move(found), topic_);
  }
  [[nodiscard]] std::unique_ptr<source_reader<T>> make_reader() const {
    return std::make_unique<topic_reader<T, Decode>>(consumer{at_, topic_, options_, lag_},
                                                     decode_);
  }
  /// Decodes a record that was rejected once more, by its value: its dead letter has neither key,
  /// headers, offset nor time, so a `message` can't be made of it, nor anything of a value that was
  /// no text.
  [[nodiscard]] result<T> decode_record(const std::string& split, std::string_view value) const
      requires(!detail::is_message<T>) {
    if (value.find("\xEF\xBF\xBD") != value.npos)
      return error{errc::unsupported,
                   "the record is no text, so its letter does not have all of it; read it again by "
                   "its offset"};
    const std::size_t slash = std::min(split.rfind('/'), split.size());
    record_view record{.topic = std::string_view{split}.substr(0, slash), .offset = -1};
    std::from_chars(split.data() + std::min(slash + 1, split.size()), split.data() + split.size(),
                    record.partition);
    // An empty one that was rejected was a tombstone where there is no place for one.
    if (!value.empty() || detail::is_optional<T>) record.value = value;
    T event{};
    Decode decode = decode_;
    if (auto decoded = decode_rejecting(decode, record, event); !decoded) return decoded.error();
    return event;
  }
  /// As with `start_at::offsets`, if any are of this topic, or of one that its expression fits.
  void start_at_offsets(const std::map<std::string, std::uint64_t, std::less<>>& by_split) {
    std::map<std::string, std::int64_t> mine;
    for (const auto& [split, offset] : by_split) {
      const std::size_t slash = split.rfind('/');
      if (slash == split.npos || split.find_first_not_of("0123456789", slash + 1) != split.npos)
        continue;
      if (fits_topic(topic_, split.substr(0, slash)))
        mine[split] = static_cast<std::int64_t>(offset);
    }
    if (!mine.empty() && !shared()) options_.start = start_at::offsets(std::move(mine));
  }
  [[nodiscard]] std::string kind() const { return "kafka"; }
  [[nodiscard]] bool blocking() const { return true; }

  /// Whether other processes read what this one does not; see `assignment`.
  [[nodiscard]] bool shared() const { return options_.assignment == assignment::by_group; }

  /// For `history_then`: where the reading begins must be told before the history is read.
  void require_beginning() const {
    if (options_.start.what() == start_at::kind::latest)
      throw exception(
          {errc::invalid_argument,
           "kafka: behind a history, start_at::latest() would leave out what is written "
           "while the history is read; use time or offsets"});
  }

  /// How far the pipelines that read by this source, or by a copy of it, are behind.
  [[nodiscard]] std::shared_ptr<const lag_board> lag() const { return lag_; }

private:
  void require_group() const {
    const auto refuse = [](const char* what) {
      throw exception({errc::invalid_argument, std::string{"kafka: assignment::by_group "} + what});
    };
    if (options_.group.empty()) refuse("wants the option group");
    if (options_.bounded) refuse("has no end: leave out bounded");
    const auto start = options_.start.what();
    if (start == start_at::kind::time || start == start_at::kind::offsets)
      refuse("begins where the group stands, or with earliest or latest");
  }

  cluster at_;
  std::string topic_;
  Decode decode_;
  source_options options_;
  std::shared_ptr<lag_board> lag_;
  std::shared_ptr<std::atomic<bool>> began_;
};

/// Reads a topic, or all that a regular expression fits (`^orders-.*`), as events of `T`. See
/// `source_options`. Each partition is a split, read in order by one instance; events have the time
/// of their record until `event_time` gives them another. A record that can't be decoded is
/// rejected with its offset and value.
///
///     p.from(weir::kafka::topic<order>({"localhost:9092"}, "orders"))
///     p.from(weir::kafka::topic<weir::kafka::message<order>>({.brokers = "…"}, "^orders-.*"))
///
/// With checkpoints reading goes on where the newest one stands; offsets that are committed to a
/// group are for onlookers. Brokers that go away are waited for.
template <class T>
[[nodiscard]] topic_source<T, json_values> topic(cluster at, std::string name,
                                                 source_options options = {}) {
  static_assert(decoder<json_values, T>,
                "weir: records are read as std::string, weir::bytes or a type with a JSON form, as "
                "an optional or a kafka::message of these, or by a decoder of your own");
  return {std::move(at), std::move(name), {}, std::move(options)};
}

/// Reads by a decoder of one's own: `result<void> decode(const record_view&, T&)`.
template <class T, decoder<T> Decode>
[[nodiscard]] topic_source<T, Decode> topic(cluster at, std::string name, Decode decode,
                                            source_options options = {}) {
  return {std::move(at), std::move(name), std::move(decode), std::move(options)};
}

}  // namespace weir::kafka
