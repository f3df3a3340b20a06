// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/json_write.hpp"
#include "weir/connectors/kafka/decode.hpp"
#include "weir/connectors/kafka/topic_output.hpp"
#include "weir/connectors/net/text_value.hpp"
#include "weir/flow/dead_letter.hpp"
#include "weir/sink/sink.hpp"

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace weir::kafka {

/// How events become records unless told: the value is text as it is of a `std::string`, bytes of
/// `bytes`, and JSON of all else; an empty optional is a tombstone. A `message` brings its key and
/// headers along, an `outgoing` all of it.
struct json_record {
  template <class T>
  void operator()(const T& event, outgoing& to) const {
    if constexpr (std::same_as<T, outgoing>) {
      to = event;
    } else if constexpr (detail::is_message<T>) {
      to.key = event.key;
      to.headers = event.headers;
      value(event.value, to);
    } else {
      value(event, to);
    }
  }

private:
  template <class T>
  static void value(const T& event, outgoing& to) {
    if constexpr (detail::is_optional<T>) {
      event ? value(*event, to) : to.value.reset();
    } else if constexpr (std::same_as<T, std::string>) {
      *to.value = event;
    } else if constexpr (std::same_as<T, bytes>) {
      *to.value = as_text(event);
    } else {
      static_assert(json_type<T>,
                    "weir: a Kafka sink wants events that are std::string, weir::bytes or a type "
                    "with a JSON form, or kafka::outgoing");
      write_json(event, *to.value);
    }
  }
};

/// One way to fill a record after another.
template <class First, class Then>
struct fill_both {
  First first;
  Then then;

  template <class T>
  void operator()(const T& event, outgoing& to) const {
    first(event, to);
    then(event, to);
  }
  template <class T>
  requires requires(First& f, const std::string& topic) { f.template begin<T>(topic); }
  void begin(const std::string& topic) { first.template begin<T>(topic); }
};

/// Writes events as records that `Fill(event, outgoing&)` fills.
template <class T, class Fill>
class topic_writer final : public sink_writer<T> {
public:
  topic_writer(topic_output out, Fill fill, bool event_times)
      : out_(std::move(out)), fill_(std::move(fill)), event_times_(event_times) {}

  written write(std::span<const T> events, std::span<const timestamp> times) override {
    written done;
    for (; done.events < events.size(); ++done.events) {
      begin_record(times[done.events]);
      if ((done.failure = fill(events[done.events]))) break;
      addition added = out_.add(record_);
      if (added.done) continue;
      done.failure = std::move(added.why);
      break;
    }
    out_.serve();
    return done;
  }
  result<void> flush() override {
    out_.serve();
    return {};
  }
  result<bytes> pre_commit(std::uint64_t checkpoint) override {
    return out_.pre_commit(checkpoint);
  }
  result<void> commit(std::span<const std::byte> committable) override {
    return out_.commit(committable);
  }

private:
  /// Keeps the memory of the value.
  void begin_record(timestamp at) {
    record_.topic.clear();
    record_.key.reset();
    record_.value ? record_.value->clear() : static_cast<void>(record_.value.emplace());
    record_.headers.clear();
    record_.partition = -1;
    record_.at.reset();
    if (event_times_ && at >= timestamp{}) record_.at = at;
  }

  std::optional<error> fill(const T& event) {
    try {
      fill_(event, record_);
      return {};
    } catch (const exception& e) {
      return e.why();
    } catch (const std::exception& e) {
      return error{errc::stage_failed, e.what()};
    }
  }

  topic_output out_;
  Fill fill_;
  bool event_times_;
  outgoing record_;
};

/// What `to_topic` makes. Each member below adds to how a record is filled; `f` is a function, or a
/// member pointer, of the event.
template <class Fill = json_record>
class topic_sink {
public:
  topic_sink(cluster at, std::string topic, sink_options options, Fill fill)
      : at_(std::move(at)),
        topic_(std::move(topic)),
        options_(std::move(options)),
        fill_(std::move(fill)) {
    if (at_.brokers.empty() || topic_.empty())
      throw exception({errc::invalid_argument, "kafka: say brokers (host:port) and a topic"});
  }

  /// The record's key: `f(event)` as text, as in CSV, or JSON. Records of a key stay in order.
  template <class F>
  [[nodiscard]] auto key(F f) const {
    return with([f](const auto& event, outgoing& to) {
      net::append_text(std::invoke(f, event), to.key.emplace());
    });
  }
  /// The partition by number; the topic must have it.
  template <class F>
  [[nodiscard]] auto partition(F f) const {
    return with([f](const auto& event, outgoing& to) {
      to.partition = static_cast<std::int32_t>(std::invoke(f, event));
    });
  }
  /// `f(event)` is a `std::vector<header>`.
  template <class F>
  [[nodiscard]] auto headers(F f) const {
    return with([f](const auto& event, outgoing& to) { to.headers = std::invoke(f, event); });
  }
  /// The topic's name by event; empty for the sink's own. That one must be there in any case.
  template <class F>
  [[nodiscard]] auto topic(F f) const {
    return with([f](const auto& event, outgoing& to) { to.topic = std::invoke(f, event); });
  }
  /// Anything else: `f(event, outgoing&)`.
  template <class F>
  [[nodiscard]] auto with(F f) const {
    topic_sink<fill_both<Fill, F>> other{at_, topic_, options_, {fill_, std::move(f)}};
    return event_times_ ? other.event_times() : other;
  }
  /// Records get the events' timestamps instead of the time of writing. Mind that brokers delete by
  /// these times.
  [[nodiscard]] topic_sink event_times() const {
    topic_sink other = *this;
    other.event_times_ = true;
    return other;
  }

  template <class T>
  [[nodiscard]] std::unique_ptr<sink_writer<T>> make_writer(const sink_instance& place) const {
    Fill fill = fill_;
    if constexpr (requires { fill.template begin<T>(topic_); }) fill.template begin<T>(topic_);
    return std::make_unique<topic_writer<T, Fill>>(topic_output{at_, topic_, options_, place},
                                                   std::move(fill), event_times_);
  }
  [[nodiscard]] std::string kind() const { return "kafka-sink"; }
  [[nodiscard]] bool blocking() const { return true; }

private:
  cluster at_;
  std::string topic_;
  sink_options options_;
  Fill fill_;
  bool event_times_ = false;
};

/// Writes a stream's events to a topic, as JSON unless they are text or bytes.
///
///     totals.to(weir::kafka::to_topic({"localhost:9092"}, "totals").key(&total::shop));
///     alerts.to(weir::kafka::to_topic(at, "alerts", {.delivery =
///     weir::kafka::delivery::exactly_once}));
///
/// With `exactly_once` each checkpoint's rows are a transaction; see `sink_options`. Brokers that
/// go away are waited for, and hold the stream up.
[[nodiscard]] inline topic_sink<> to_topic(cluster at, std::string name,
                                           sink_options options = {}) {
  return {std::move(at), std::move(name), std::move(options), {}};
}

/// Writes them by `fill(event, outgoing&)`, such as `avro(registry)`, instead.
template <class Fill>
requires(!std::convertible_to<Fill, sink_options>)
    [[nodiscard]] topic_sink<Fill> to_topic(cluster at, std::string name, Fill fill,
                                            sink_options options = {}) {
  return {std::move(at), std::move(name), std::move(options), std::move(fill)};
}

/// Fills the record of a dead letter: the text of the event or record, and headers that say where
/// it failed and why.
struct dead_letter_record {
  void operator()(const dead_letter& letter, outgoing& to) const;
};

/// Takes dead letters: `p.dead_letters_to(weir::kafka::dead_letter_topic(at, "orders.failed"))`. A
/// record's value is the event as JSON, or what was read; headers `weir.stage`, `weir.operator`,
/// `weir.error`, `weir.type`, `weir.failed_at` and `weir.tries`, and, where they are known,
/// `weir.source.topic`, `weir.source.partition` (else `weir.source`), `weir.source.offset` and
/// `weir.event_time`.
[[nodiscard]] inline auto dead_letter_topic(cluster at, std::string name,
                                            sink_options options = {}) {
  return topic_sink<dead_letter_record>{std::move(at), std::move(name), std::move(options), {}};
}

}  // namespace weir::kafka
