// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/core/error.hpp"
#include "weir/core/result.hpp"
#include "weir/flow/service.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// What a look-up says of one key: its fact, that there is none, or why it could not tell.
template <class R>
using fact_answer = result<std::optional<R>>;

// A request of an enrichment is its keys in binary form, one behind the other; the answer has for
// each key, in order, a byte, 0 for none, 1 for a fact and 2 for a failure, and then the fact or
// the failure's text.

/// Reads the keys of a request; throws `weir::exception` if they don't decode.
template <class K>
[[nodiscard]] std::vector<K> decode_keys(std::span<const std::byte> request) {
  std::vector<K> keys;
  byte_reader in{request};
  while (in.remaining() != 0)
    if (!decode(in, keys.emplace_back()))
      throw exception({errc::decode_failed, "the keys of a look-up do not decode"});
  return keys;
}

template <class R>
void encode_answer(const fact_answer<R>& answer, bytes& out) {
  if (!answer) {
    out.push_back(std::byte{2});
    encode(answer.error().message, out);
  } else if (!*answer) {
    out.push_back(std::byte{0});
  } else {
    out.push_back(std::byte{1});
    encode(**answer, out);
  }
}

template <class R>
[[nodiscard]] bytes encode_answers(const std::vector<fact_answer<R>>& answers) {
  bytes out;
  for (const fact_answer<R>& a : answers) encode_answer(a, out);
  return out;
}

/// Reads one answer; none if the bytes are not one.
template <class R>
[[nodiscard]] std::optional<fact_answer<R>> decode_answer(byte_reader& in) {
  std::byte kind{};
  if (!in.read(&kind, 1)) return {};
  if (kind == std::byte{0}) return fact_answer<R>{std::optional<R>{}};
  if (kind == std::byte{1}) {
    std::optional<R> fact{std::in_place};
    if (!decode(in, *fact)) return {};
    return fact_answer<R>{std::move(fact)};
  }
  error why{errc::stage_failed, {}};
  if (!decode(in, why.message)) return {};
  return fact_answer<R>{std::move(why)};
}

/// Makes a service of `ask(keys, done)`, which calls `done(answers)` once, from any thread, with an
/// answer a key in their order. What `ask` throws is the answer of all keys.
template <class K, class R, class F>
[[nodiscard]] service answering(F ask) {
  return [ask = std::move(ask)](std::span<const std::byte> request,
                                std::function<void(bytes)> answer) {
    std::vector<K> keys = decode_keys<K>(request);
    const std::size_t n = keys.size();
    try {
      ask(std::move(keys), [answer](const std::vector<fact_answer<R>>& answers) {
        answer(encode_answers(answers));
      });
    } catch (const std::exception& e) {
      answer(encode_answers(std::vector<fact_answer<R>>(n, error{errc::stage_failed, e.what()})));
    }
  };
}

}  // namespace weir
