// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/net/shared_executor.hpp"
#include "weir/connectors/net/text_value.hpp"
#include "weir/connectors/redis/command_writer.hpp"
#include "weir/connectors/redis/fields.hpp"
#include "weir/connectors/redis/pipe.hpp"
#include "weir/event/change.hpp"
#include "weir/sink/keyed_sink.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::redis {

struct sink_options {
  std::string prefix;  ///< Goes before each key that an event gives.
  duration
      expire{};  ///< Keys are forgotten by the server that long after they are written; 0: never.
  /// The newest entries that a list or a stream keeps; 0 for all. A stream may keep some more.
  std::uint64_t most = 0;
  /// Batches that an instance may have sent before the first of them is answered; at least 1.
  std::size_t under_way = 8;
  server_options server{};
};

/// The whole event, where a sink wants to know which part of it to write.
struct whole_event {
  template <class T>
  const T& operator()(const T& event) const noexcept {
    return event;
  }
};

/// A sink whose events become commands by `How`; see the functions below. Each instance has a
/// connection of its own; one thread serves those of all.
template <class How>
class sink {
public:
  sink(server at, sink_options options, How how)
      : at_(std::move(at)), options_(std::move(options)), how_(std::move(how)) {}

  template <class T>
  [[nodiscard]] std::unique_ptr<answered_writer<T>> make_answered_writer(
      const sink_instance& place) const {
    if (place.attempt == 0) redis::reach(at_, options_.server).value();
    const auto encode = [how = how_, options = options_](const T& event, command_list& to) {
      how.write(event, options, to);
    };
    return std::make_unique<command_writer<T, decltype(encode)>>(
        client{at_, options_.server, executor_.get()}, at_.shown(), encode, How::repeats,
        std::max<std::size_t>(1, options_.under_way), place.wake);
  }
  [[nodiscard]] std::string kind() const { return std::string{"redis-"} + How::name; }
  [[nodiscard]] bool blocking() const { return false; }

private:
  server at_;
  sink_options options_;
  How how_;
  net::shared_executor executor_;
};

namespace detail {

inline std::string millis(duration d) {
  return std::to_string(std::max<duration::rep>(1, d.count() / 1000));
}

/// What `apply_change` writes to: keys become text, and `Rows` makes the commands.
template <class Rows>
struct command_target {
  const Rows& rows;
  const sink_options& options;
  command_list& to;

  template <class K, class T>
  void upsert(const K& key, const T& row) {
    rows.upsert(text(key), row, options, to);
  }
  template <class K>
  void erase(const K& key) {
    rows.erase(text(key), to);
  }
  template <class K>
  [[nodiscard]] std::string text(const K& key) const {
    static_assert(net::text_value<K>, "weir: a key of Redis is text: it needs a text or JSON form");
    std::string name = options.prefix;
    net::append_text(key, name);
    return name;
  }
};

/// Makes commands of rows, and of changes to rows, by their key.
template <class KeyOf, class Rows>
struct by_key : Rows {
  static constexpr bool repeats = true;  ///< Whether writing again gives the same.
  KeyOf key_of;

  by_key(KeyOf k, Rows rows) : Rows(std::move(rows)), key_of(std::move(k)) {}

  template <class E>
  void write(const E& event, const sink_options& options, command_list& to) const {
    command_target<Rows> target{*this, options, to};
    apply_change(key_of, target, event);
  }
};

template <class ValueOf>
struct string_rows {
  static constexpr const char* name = "strings";
  ValueOf value_of;

  template <class T>
  void upsert(const std::string& key, const T& row, const sink_options& o, command_list& to) const {
    const std::string value = net::as_text(std::invoke(value_of, row));
    if (o.expire == duration{0})
      to.add("SET", key, value);
    else
      to.add("SET", key, value, "PX", millis(o.expire));
  }
  void erase(const std::string& key, command_list& to) const { to.add("DEL", key); }
};

struct hash_rows {
  static constexpr const char* name = "hashes";

  template <class T>
  void upsert(const std::string& key, const T& row, const sink_options& o, command_list& to) const {
    static_assert(field_type<T>,
                  "weir: a hash has a field for each member: hashes() wants rows of a described "
                  "class of single values");
    std::vector<std::string> there, absent;
    each_field(
        row,
        [&](const std::string& field, const std::string& text) {
          there.push_back(field);
          there.push_back(text);
        },
        [&](const std::string& field) { absent.push_back(field); });
    add_list("HSET", key, there, to);
    add_list("HDEL", key, absent, to);
    if (o.expire != duration{0}) to.add("PEXPIRE", key, millis(o.expire));
  }
  void erase(const std::string& key, command_list& to) const { to.add("DEL", key); }

private:
  static void add_list(std::string_view command, const std::string& key,
                       const std::vector<std::string>& rest, command_list& to) {
    if (rest.empty()) return;
    to.begin(2 + rest.size());
    to.argument(command);
    to.argument(key);
    for (const std::string& r : rest) to.argument(r);
  }
};

template <class ValueOf>
struct field_rows {
  static constexpr const char* name = "hash";
  std::string hash;
  ValueOf value_of;

  template <class T>
  void upsert(const std::string& field, const T& row, const sink_options& o,
              command_list& to) const {
    to.add("HSET", hash, field, net::as_text(std::invoke(value_of, row)));
    if (o.expire != duration{0}) to.add("PEXPIRE", hash, millis(o.expire));
  }
  void erase(const std::string& field, command_list& to) const { to.add("HDEL", hash, field); }
};

template <class ScoreOf>
struct score_rows {
  static constexpr const char* name = "sorted-set";
  std::string set;
  ScoreOf score_of;

  template <class T>
  void upsert(const std::string& member, const T& row, const sink_options& o,
              command_list& to) const {
    char digits[40];
    const auto score = static_cast<double>(std::invoke(score_of, row));
    const auto end = std::to_chars(digits, digits + sizeof digits, score);
    to.add("ZADD", set, std::string_view{digits, static_cast<std::size_t>(end.ptr - digits)},
           member);
    if (o.expire != duration{0}) to.add("PEXPIRE", set, millis(o.expire));
  }
  void erase(const std::string& member, command_list& to) const { to.add("ZREM", set, member); }
};

struct list_entries {
  static constexpr const char* name = "list";
  static constexpr bool repeats = false;
  std::string list;

  template <class T>
  void write(const T& event, const sink_options& o, command_list& to) const {
    to.add("RPUSH", list, net::as_text(event));
    if (o.most != 0) to.add("LTRIM", list, -static_cast<std::int64_t>(o.most), -1);
    if (o.expire != duration{0}) to.add("PEXPIRE", list, millis(o.expire));
  }
};

struct stream_entries {
  static constexpr const char* name = "stream";
  static constexpr bool repeats = false;
  std::string stream;

  template <class T>
  void write(const T& event, const sink_options& o, command_list& to) const {
    std::vector<std::pair<std::string, std::string>> fields;
    if constexpr (field_type<T>)
      each_field(
          event, [&](const std::string& f, const std::string& v) { fields.emplace_back(f, v); },
          [](const std::string&) {});
    else
      fields.emplace_back("event", net::as_text(event));
    to.begin(3 + 2 * fields.size() + (o.most == 0 ? 0 : 3));
    to.argument("XADD");
    to.argument(stream);
    if (o.most != 0) {
      to.argument("MAXLEN");
      to.argument("~");
      to.argument(o.most);
    }
    to.argument("*");
    for (const auto& [field, value] : fields) {
      to.argument(field);
      to.argument(value);
    }
    if (o.expire != duration{0}) to.add("PEXPIRE", stream, millis(o.expire));
  }
};

struct messages {
  static constexpr const char* name = "publish";
  static constexpr bool repeats = false;
  std::string channel;

  template <class T>
  void write(const T& event, const sink_options&, command_list& to) const {
    to.add("PUBLISH", channel, net::as_text(event));
  }
};

}  // namespace detail

// Rows by key: an event upserts the row under its key, a `change` does what it says; repeats do no
// harm. `key_of` and `value_of` are functions or member pointers of the row.

/// A string a row (SET): `value_of(row)` as text or JSON, the whole row unless told.
template <class KeyOf, class ValueOf = whole_event>
[[nodiscard]] auto strings(const std::string& url, KeyOf key_of, ValueOf value_of = {},
                           sink_options options = {}) {
  using how = detail::by_key<KeyOf, detail::string_rows<ValueOf>>;
  return sink<how>{server::parse(url), std::move(options),
                   how{std::move(key_of), {std::move(value_of)}}};
}
/// A hash a row (HSET), with a field for each member; an optional without a value has none.
template <class KeyOf>
[[nodiscard]] auto hashes(const std::string& url, KeyOf key_of, sink_options options = {}) {
  using how = detail::by_key<KeyOf, detail::hash_rows>;
  return sink<how>{server::parse(url), std::move(options), how{std::move(key_of), {}}};
}
/// A field a row of the one hash `name`.
template <class KeyOf, class ValueOf = whole_event>
[[nodiscard]] auto hash(const std::string& url, std::string name, KeyOf key_of,
                        ValueOf value_of = {}, sink_options options = {}) {
  using how = detail::by_key<KeyOf, detail::field_rows<ValueOf>>;
  return sink<how>{server::parse(url), std::move(options),
                   how{std::move(key_of), {std::move(name), std::move(value_of)}}};
}
/// A member a row of the sorted set `name` (ZADD), with the score that `score_of` gives.
template <class KeyOf, class ScoreOf>
[[nodiscard]] auto sorted_set(const std::string& url, std::string name, KeyOf member_of,
                              ScoreOf score_of, sink_options options = {}) {
  using how = detail::by_key<KeyOf, detail::score_rows<ScoreOf>>;
  return sink<how>{server::parse(url), std::move(options),
                   how{std::move(member_of), {std::move(name), std::move(score_of)}}};
}

// Events one behind the other, as text or JSON. What was written when a connection is lost, or
// since the last checkpoint when the pipeline goes back to it, is written again.

/// The end of the list `name` (RPUSH).
[[nodiscard]] inline auto list(const std::string& url, std::string name,
                               sink_options options = {}) {
  return sink<detail::list_entries>{server::parse(url), std::move(options), {std::move(name)}};
}
/// The stream `name` (XADD), with a field for each member; other events in a field called `event`.
[[nodiscard]] inline auto stream(const std::string& url, std::string name,
                                 sink_options options = {}) {
  return sink<detail::stream_entries>{server::parse(url), std::move(options), {std::move(name)}};
}
/// Messages on the channel `name` (PUBLISH), for those who listen at that moment.
[[nodiscard]] inline auto publish(const std::string& url, std::string name,
                                  sink_options options = {}) {
  return sink<detail::messages>{server::parse(url), std::move(options), {std::move(name)}};
}

}  // namespace weir::redis
