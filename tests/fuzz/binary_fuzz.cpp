// SPDX-License-Identifier: BSD-3-Clause
#include "../codec/random_value.hpp"
#include "../codec/sample.hpp"
#include "seeds.hpp"
#include "weir/codec/binary.hpp"

#include <span>
#include <unordered_map>

namespace {

/// What is accepted is encoded in as many bytes, and these decode to a value that is encoded alike
/// (compared as bytes, since NaN equals nothing).
template <class T>
void check(std::span<const std::byte> data) {
  weir::byte_reader in{data};
  T x{};
  if (!weir::decode(in, x)) return;
  weir::bytes once, twice;
  weir::encode(x, once);
  require(once.size() == data.size() - in.remaining(), "decoding reads what encoding writes");
  weir::byte_reader again{once};
  T back{};
  require(weir::decode(again, back), "what is encoded is decoded");
  require(again.remaining() == 0, "all of it is read");
  weir::encode(back, twice);
  require(once == twice, "equal values are encoded alike");
  require(weir::dynamic_size(x) == weir::dynamic_size(back), "equal values measure the same");
}

/// Memory stays in proportion to the input.
void check_unordered(std::span<const std::byte> data) {
  weir::byte_reader in{data};
  std::unordered_map<std::uint16_t, std::vector<std::uint8_t>> x;
  (void)weir::decode(in, x);
  require(x.bucket_count() < 64 + 4 * data.size(), "no more buckets than the input justifies");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span{data, size});
  check<sample::wide>(input);
  check<sample::order>(input);
  check<std::vector<sample::address>>(input);
  check<std::vector<std::optional<std::vector<bool>>>>(input);
  check<std::map<std::string, std::variant<bool, std::string>>>(input);
  check<std::vector<double>>(input);
  check_unordered(input);
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  std::vector<std::string> seeds;
  for (std::uint64_t i = 0; i < 8; ++i) {
    sample::random_values random{i};
    weir::bytes data;
    weir::encode(random.make<sample::wide>(), data);
    seeds.emplace_back(weir::as_text(data));
    data.clear();
    weir::encode(random.make<std::vector<sample::address>>(), data);
    seeds.emplace_back(weir::as_text(data));
  }
  return seeds;
}
