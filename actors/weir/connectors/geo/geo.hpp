// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/json.hpp"
#include "weir/connectors/net/text_value.hpp"
#include "weir/connectors/net/watched_file.hpp"
#include "weir/enrich/look_up.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::geo {

/// A MaxMind DB (https://maxmind.github.io/MaxMind-DB/) in memory. Safe to read from any thread.
class database {
public:
  /// Fails with `errc::not_found`, `errc::io_failed` or `errc::decode_failed`, naming the file.
  [[nodiscard]] static result<database> open(const std::string& path);
  database(database&&) noexcept;
  database& operator=(database&&) noexcept;
  ~database();

  /// The entry of the network that an address, IPv4 or IPv6, is in, as JSON; none if there is no
  /// such network. Fails for text that is no address, and where the file is damaged.
  [[nodiscard]] result<std::optional<std::string>> find(const std::string& address) const;

private:
  struct inside;
  explicit database(std::unique_ptr<inside> in);
  std::unique_ptr<inside> inside_;
};

struct options {
  duration check_every = std::chrono::minutes{1};  ///< How often the file is looked at; 0: never.
  net::log_function log = net::log_to_stderr;  ///< A line for each content that can't be loaded.
};

namespace detail {

/// Answers look-ups of addresses from a file, in the stage's own thread.
template <class R>
class geo_client {
public:
  template <class>
  using fact = R;

  geo_client(const std::string& path, const options& o)
      : file_(path, database::open, o.check_every, o.log) {}

  [[nodiscard]] std::string name() const { return "geo " + file_.path(); }
  template <class>
  [[nodiscard]] std::size_t batch() const {
    return 256;
  }
  [[nodiscard]] result<void> reach() const {
    if (auto opened = file_.open(); !opened) return opened.error();
    return {};
  }
  template <class K>
  [[nodiscard]] service open(const look_up_place&) const {
    static_assert(net::text_value<K>, "weir: an address is text: the key needs a text form");
    return answering<K, R>([file = file_](std::vector<K> keys, auto done) {
      const auto opened = file.open();
      if (!opened) return done(std::vector<fact_answer<R>>(keys.size(), opened.error()));
      json_reader reader;
      std::vector<fact_answer<R>> answers;
      answers.reserve(keys.size());
      for (const K& k : keys) answers.push_back(read(**opened, net::as_text(k), reader));
      done(answers);
    });
  }

private:
  static fact_answer<R> read(const database& in, const std::string& address, json_reader& reader) {
    auto found = in.find(address);
    if (!found) return found.error();
    if (!*found) return std::optional<R>{};
    std::optional<R> fact{std::in_place};
    if (auto parsed = reader.parse(**found, *fact); !parsed) return parsed.error();
    return fact;
  }

  net::watched_file<database> file_;
};

}  // namespace detail

/// Looks up where an address is in a MaxMind DB (`.mmdb`), which is loaded anew when the file
/// changes. `R` is a described class with the members that are wanted, named as in the database:
///
///     struct country { std::optional<std::string> iso_code; };
///     struct place { std::optional<country> country; };
///     clicks.enrich(weir::geo::look_up<place>("GeoLite2-Country.mmdb", &click::ip))
///
/// Make members optional: most databases leave some out.
template <class R, class KeyOf>
[[nodiscard]] auto look_up(const std::string& path, KeyOf address_of, options o = {}) {
  static_assert(json_type<R>,
                "weir: geo::look_up() wants a described class: use BOOST_DESCRIBE_STRUCT");
  using made = detail::geo_client<R>;
  return look_up_by<KeyOf, made>{std::move(address_of), made{path, o}};
}

}  // namespace weir::geo
