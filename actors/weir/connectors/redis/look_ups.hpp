// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/net/shared_executor.hpp"
#include "weir/connectors/net/text_value.hpp"
#include "weir/connectors/redis/client.hpp"
#include "weir/connectors/redis/fields.hpp"
#include "weir/connectors/redis/pipe.hpp"
#include "weir/enrich/look_up.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::redis {

struct look_up_options {
  std::string prefix;       ///< Goes before each key: `user:`, say.
  std::size_t batch = 512;  ///< Keys of a request, at most.
  std::string name;         ///< What simulated services call it; the server's URL unless told.
  server_options server{};
};

/// Looks facts up with commands of `Ask`: `ask.commands(keys, to)` makes them, and
/// `ask.answers<R>(replies, keys)` reads the replies.
template <class R, class Ask>
class look_up_client {
public:
  template <class>
  using fact = R;

  look_up_client(server at, look_up_options options, Ask ask)
      : at_(std::move(at)), options_(std::move(options)), ask_(std::move(ask)) {}

  [[nodiscard]] std::string name() const {
    return options_.name.empty() ? at_.shown() : options_.name;
  }
  template <class>
  [[nodiscard]] std::size_t batch() const {
    return options_.batch;
  }
  [[nodiscard]] result<void> reach() const { return redis::reach(at_, options_.server); }

  template <class K>
  [[nodiscard]] service open(const look_up_place&) const {
    static_assert(net::text_value<K>,
                  "weir: a key of Redis is text: the key needs a text or JSON form");
    auto connection = std::make_shared<client>(at_, options_.server, executor_.get());
    return answering<K, R>([connection, ask = ask_, prefix = options_.prefix, at = at_.shown()](
                               std::vector<K> keys, auto done) {
      std::vector<std::string> names;
      names.reserve(keys.size());
      for (const K& k : keys) net::append_text(k, names.emplace_back(prefix));
      command_list commands;
      ask.commands(names, commands);
      const std::size_t n = keys.size();
      connection->send(std::move(commands), [ask, at, n, done](replies got) {
        if (!got) return done(std::vector<fact_answer<R>>(n, got.error()));
        std::vector<fact_answer<R>> answers;
        answers.reserve(n);
        ask.template answers<R>(*got, at, answers);
        answers.resize(n, error{errc::stage_failed, at + ": there are fewer replies than keys"});
        done(answers);
      });
    });
  }

private:
  server at_;
  look_up_options options_;
  Ask ask_;
  net::shared_executor executor_;
};

namespace detail {

template <class R>
fact_answer<R> read_value(const reply& from, const std::string& at, json_reader& reader) {
  if (from.what == reply::kind::none) return std::optional<R>{};
  if (from.failed()) return explain(at, from.text);
  std::optional<R> fact{std::in_place};
  const auto read = from.what == reply::kind::number
                        ? net::read_text(std::to_string(from.number), *fact, reader)
                        : net::read_text(from.text, *fact, reader);
  if (!read) return error{errc::decode_failed, at + ": " + read.error().message};
  return fact;
}

/// The values of one reply that is a list, or its failure for all keys.
template <class R>
void read_list(const std::vector<reply>& got, const std::string& at,
               std::vector<fact_answer<R>>& to) {
  if (got.empty()) return;
  json_reader reader;
  if (got[0].failed()) return to.assign(to.capacity(), explain(at, got[0].text));
  for (const reply& value : got[0].items) to.push_back(read_value<R>(value, at, reader));
}

struct ask_get {
  void commands(const std::vector<std::string>& keys, command_list& to) const {
    to.begin(keys.size() + 1);
    to.argument("MGET");
    for (const std::string& k : keys) to.argument(k);
  }
  template <class R>
  void answers(const std::vector<reply>& got, const std::string& at,
               std::vector<fact_answer<R>>& to) const {
    read_list(got, at, to);
  }
};

struct ask_fields_of_one {
  std::string hash;

  void commands(const std::vector<std::string>& keys, command_list& to) const {
    to.begin(keys.size() + 2);
    to.argument("HMGET");
    to.argument(hash);
    for (const std::string& k : keys) to.argument(k);
  }
  template <class R>
  void answers(const std::vector<reply>& got, const std::string& at,
               std::vector<fact_answer<R>>& to) const {
    read_list(got, at, to);
  }
};

struct ask_hashes {
  void commands(const std::vector<std::string>& keys, command_list& to) const {
    for (const std::string& k : keys) to.add("HGETALL", k);
  }
  template <class R>
  void answers(const std::vector<reply>& got, const std::string& at,
               std::vector<fact_answer<R>>& to) const {
    for (const reply& r : got) to.push_back(read_hash<R>(r, at));
  }
  template <class R>
  static fact_answer<R> read_hash(const reply& r, const std::string& at) {
    if (r.failed()) return explain(at, r.text);
    if (r.items.empty()) return std::optional<R>{};
    std::optional<R> fact{std::in_place};
    if (auto read = read_fields(r, *fact); !read)
      return error{errc::decode_failed, at + ": " + read.error().message};
    return fact;
  }
};

}  // namespace detail

/// Looks a value up by its key (MGET): text as it is, numbers, dates and the like, or JSON for
/// other types. `key_of` gives the key without the prefix.
///
///     clicks.enrich(weir::redis::get<campaign>("redis://localhost", &click::campaign,
///                                              {.prefix = "campaign:"}), {.cache = {.entries =
///                                              100'000}})
template <class R, class KeyOf>
[[nodiscard]] auto get(const std::string& url, KeyOf key_of, look_up_options options = {}) {
  static_assert(net::text_value<R>,
                "weir: a value of Redis is text: the fact needs a text or JSON "
                "form; describe it with BOOST_DESCRIBE_STRUCT");
  using made = look_up_client<R, detail::ask_get>;
  return look_up_by<KeyOf, made>{std::move(key_of),
                                 made{server::parse(url), std::move(options), {}}};
}

/// Looks a hash up by its key (HGETALL): its fields are the members of `R`, or all of it for a
/// `std::map<std::string, std::string>`.
template <class R, class KeyOf>
[[nodiscard]] auto get_hash(const std::string& url, KeyOf key_of, look_up_options options = {}) {
  static_assert(field_type<R> || std::is_same_v<R, std::map<std::string, std::string>>,
                "weir: get_hash() wants a described class of single values, or a "
                "std::map<std::string, std::string>");
  using made = look_up_client<R, detail::ask_hashes>;
  return look_up_by<KeyOf, made>{std::move(key_of),
                                 made{server::parse(url), std::move(options), {}}};
}

/// Looks a field of the one hash `hash` up (HMGET).
template <class R, class KeyOf>
[[nodiscard]] auto get_field(const std::string& url, std::string hash, KeyOf key_of,
                             look_up_options options = {}) {
  static_assert(net::text_value<R>,
                "weir: a value of Redis is text: the fact needs a text or JSON "
                "form; describe it with BOOST_DESCRIBE_STRUCT");
  using made = look_up_client<R, detail::ask_fields_of_one>;
  return look_up_by<KeyOf, made>{std::move(key_of),
                                 made{server::parse(url), std::move(options), {std::move(hash)}}};
}

}  // namespace weir::redis
