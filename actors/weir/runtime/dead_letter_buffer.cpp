// SPDX-License-Identifier: BSD-3-Clause
#include "weir/runtime/dead_letter_buffer.hpp"

#include "weir/sink/plain_writer.hpp"

namespace weir {

struct dead_letter_buffer::kept {
  explicit kept(std::size_t n) : capacity(n) {}

  std::size_t capacity;
  std::mutex mutex;
  std::deque<dead_letter> letters;
  std::uint64_t dropped = 0;
};

namespace {

template <class Kept>
class buffer_writer final : public plain_writer<dead_letter> {
public:
  explicit buffer_writer(std::shared_ptr<Kept> to) : to_(std::move(to)) {}

  written write(std::span<const dead_letter> letters, std::span<const timestamp>) override {
    std::lock_guard lock{to_->mutex};
    for (const dead_letter& l : letters) {
      to_->letters.push_back(l);
      if (to_->letters.size() <= to_->capacity) continue;
      to_->letters.pop_front();
      ++to_->dropped;
    }
    return {letters.size(), std::nullopt};
  }

private:
  std::shared_ptr<Kept> to_;
};

}  // namespace

dead_letter_buffer::dead_letter_buffer(std::size_t capacity)
    : kept_(std::make_shared<kept>(capacity)) {}

std::vector<dead_letter> dead_letter_buffer::newest() const {
  std::lock_guard lock{kept_->mutex};
  return {kept_->letters.begin(), kept_->letters.end()};
}

std::uint64_t dead_letter_buffer::dropped() const {
  std::lock_guard lock{kept_->mutex};
  return kept_->dropped;
}

std::unique_ptr<sink_writer<dead_letter>> dead_letter_buffer::make() const {
  return std::make_unique<buffer_writer<kept>>(kept_);
}

}  // namespace weir
