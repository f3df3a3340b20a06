// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// HTTP: look-ups for `enrich`, and a client for coroutines.

#include "weir/connectors/http/client.hpp"
#include "weir/connectors/net/shared_executor.hpp"
#include "weir/connectors/net/text_value.hpp"
#include "weir/connectors/net/url.hpp"
#include "weir/enrich/look_up.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::http {

/// What an answer's status says of a key.
enum class meaning : std::uint8_t {
  found,    ///< The body is the fact.
  missing,  ///< There is no fact of that key.
  failed,   ///< It could not be told; the look-up may be tried again.
};

/// 200 to 299 with a body is found; 204, 404 and 410 are missing; all else has failed.
[[nodiscard]] constexpr meaning usual_meaning(unsigned status) noexcept {
  if (status == 204 || status == 404 || status == 410) return meaning::missing;
  return status >= 200 && status < 300 ? meaning::found : meaning::failed;
}

struct look_up_options {
  client_options client{};
  meaning (*status)(unsigned) = usual_meaning;
};

namespace detail {

/// Splits `http://host/path/{key}` into what goes before the key and what behind; throws
/// `weir::exception` if there is no `{key}`.
struct pattern {
  std::string base;
  std::string before;
  std::string after;

  static pattern parse(const std::string& url) {
    const std::size_t key = url.find("{key}");
    const std::size_t path = url.find('/', url.find("://") + 3);
    if (key == std::string::npos || path == std::string::npos || key < path)
      throw exception({errc::invalid_argument,
                       "http: the URL has no {key} in its path, where the key goes; write "
                       "http://host/path/{key}"});
    return {url.substr(0, path), url.substr(path, key - path), url.substr(key + 5)};
  }
};

/// Gets a fact for each key.
template <class R>
class look_up_client {
public:
  template <class>
  using fact = R;

  look_up_client(pattern at, look_up_options options)
      : at_(std::move(at)), options_(std::move(options)) {}

  [[nodiscard]] std::string name() const { return at_.base + at_.before; }
  /// Keys are answered one by one: a slow answer holds no other up.
  template <class>
  [[nodiscard]] std::size_t batch() const {
    return 1;
  }

  template <class K>
  [[nodiscard]] service open(const look_up_place&) const {
    static_assert(net::text_value<K>, "weir: a key in a URL is text: it needs a text or JSON form");
    auto to = std::make_shared<client>(at_.base, options_.client, executor_.get());
    return answering<K, R>(
        [to, at = at_, meaning_of = options_.status](std::vector<K> keys, auto done) {
          std::string target = at.before;
          append_escaped(net::as_text(keys.at(0)), target);
          target += at.after;
          to->get(std::move(target), [done, base = at.base, meaning_of](result<response> got) {
            done({read(std::move(got), base, meaning_of)});
          });
        });
  }

private:
  static fact_answer<R> read(result<response> got, const std::string& base,
                             meaning (*meaning_of)(unsigned)) {
    if (!got) return got.error();
    const meaning what = meaning_of(got->status);
    if (what == meaning::missing) return std::optional<R>{};
    if (what == meaning::failed)
      return error{errc::stage_failed, base + ": status " + std::to_string(got->status)};
    std::optional<R> fact{std::in_place};
    json_reader reader;
    if (auto parsed = read_body(got->body, *fact, reader); !parsed)
      return error{errc::decode_failed, base + ": " + parsed.error().message};
    return fact;
  }
  static result<void> read_body(std::string& body, R& fact, json_reader& reader) {
    if constexpr (std::is_same_v<R, std::string>) {
      fact = std::move(body);
      return {};
    } else {
      return reader.parse(body, fact);
    }
  }

  pattern at_;
  look_up_options options_;
  net::shared_executor executor_;
};

}  // namespace detail

/// Looks a fact up by a GET of `url`, in whose path or query `{key}` stands for the key: the answer
/// is JSON for `R`, or the body itself for a `std::string`.
///
///     orders.enrich(weir::http::get<user>("http://users.internal/users/{key}", &order::user))
template <class R, class KeyOf>
[[nodiscard]] auto get(const std::string& url, KeyOf key_of, look_up_options options = {}) {
  static_assert(json_type<R>,
                "weir: an answer of HTTP is JSON: the fact needs a JSON form; describe "
                "it with BOOST_DESCRIBE_STRUCT");
  using made = detail::look_up_client<R>;
  auto at = detail::pattern::parse(url);
  // Refuses what is no address now, not when the first event comes.
  require_address(at.base, options.client);
  return look_up_by<KeyOf, made>{std::move(key_of), made{std::move(at), std::move(options)}};
}

}  // namespace weir::http
