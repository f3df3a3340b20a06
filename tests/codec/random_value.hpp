// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/shapes.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>

/// Values of any encodable type, made from a seed.
namespace sample {

class random_values {
public:
  explicit random_values(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t below(std::uint64_t n) { return engine_() % n; }

  template <class T>
  T make() {
    T x{};
    fill(x);
    return x;
  }

private:
  template <class T>
  void fill(T& x) {
    using namespace weir::detail;
    if constexpr (std::same_as<T, bool>) {
      x = below(2) == 1;
    } else if constexpr (weir::described_enum<T>) {
      x = weir::enum_names<T>[below(weir::enum_names<T>.size())].value;
    } else if constexpr (scalar<T>) {
      x = scalar_of<T>(any_number<number_type<T>>());
    } else if constexpr (text<T>) {
      x = any_text();
    } else if constexpr (blob<T>) {
      x.resize(below(6));
      for (auto& b : x) b = static_cast<std::byte>(below(256));
    } else if constexpr (optional_type<T>) {
      x.reset();
      if (below(2) == 1) fill(x.emplace());
    } else if constexpr (list_type<T>) {
      for (auto n = below(4); n != 0; --n) x.push_back(make<typename T::value_type>());
    } else if constexpr (array_type<T>) {
      for (auto& e : x) fill(e);
    } else if constexpr (tuple_type<T>) {
      std::apply([&](auto&... e) { (fill(e), ...); }, x);
    } else if constexpr (map_type<T>) {
      for (auto n = below(4); n != 0; --n)
        x.emplace(make<typename T::key_type>(), make<typename T::mapped_type>());
    } else if constexpr (variant_type<T>) {
      const auto chosen = below(std::variant_size_v<T>);
      const auto fill_at = [&]<std::size_t... I>(std::index_sequence<I...>) {
        ((I == chosen ? fill(x.template emplace<I>()) : void()), ...);
      };
      fill_at(std::make_index_sequence<std::variant_size_v<T>>{});
    } else if constexpr (weir::described<T>) {
      weir::for_each_member<T>([&](auto d) { fill(x.*d.pointer); });
    }
  }

  /// Small, extreme and any numbers alike; floats are finite.
  template <class N>
  N any_number() {
    if constexpr (std::floating_point<N>) {
      using word = std::conditional_t<sizeof(N) == 4, std::uint32_t, std::uint64_t>;
      const N any = std::bit_cast<N>(static_cast<word>(engine_()));
      const N half = N(0.5) * static_cast<N>(static_cast<std::int64_t>(below(4001)) - 2000);
      return below(2) == 0 || !std::isfinite(any) ? half : any;
    } else {
      const N edges[] = {std::numeric_limits<N>::min(), std::numeric_limits<N>::max(), N(0), N(1)};
      if (below(3) == 0) return edges[below(4)];
      return static_cast<N>(below(2) == 0 ? below(100) : engine_());
    }
  }

  std::string any_text() {
    static constexpr std::string_view pieces[] = {
        "a",    "Z", " ", ",", "\"", "\\",      "\n",         "\r", "\x01",
        "\x7f", "é", "€", "/", "NA", "\\u0041", "\U0001F600", "\t", "null"};
    std::string out;
    for (auto n = below(below(8) == 0 ? 40 : 6); n != 0; --n)
      out += below(30) == 0 ? std::string_view{"\0", 1} : pieces[below(std::size(pieces))];
    return out;
  }

  std::mt19937_64 engine_;
};

/// The seeds that property tests run with.
inline constexpr std::uint64_t seeds = 2000;

}  // namespace sample
