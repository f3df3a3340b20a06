// SPDX-License-Identifier: BSD-3-Clause
#include <weir/weir.hpp>

int main() {
  const weir::memory_sink<std::uint64_t> squares;
  weir::pipeline p{"squares"};
  p.from(weir::generator{[](std::uint64_t i) { return i * i; }, {.events = 10}}).to(squares);
  auto running = weir::runtime::start(std::move(p));
  return running && !running->wait().failure && squares.values().back() == 81 ? 0 : 1;
}
