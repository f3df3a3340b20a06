// SPDX-License-Identifier: BSD-3-Clause
#include "weir/checkpoint/checkpoint_store.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace weir {

namespace {

class gathered_draft final : public checkpoint_draft {
public:
  explicit gathered_draft(checkpoint_store& to) : to_(&to) {}

  void add(std::vector<snapshot_part> parts) override {
    std::move(parts.begin(), parts.end(), std::back_inserter(whole_.parts));
  }
  result<std::uint64_t> commit(const checkpoint_manifest& m) override {
    whole_.manifest = m;
    return to_->write(whole_);
  }

private:
  checkpoint_store* to_;
  checkpoint whole_;
};

}  // namespace

std::unique_ptr<checkpoint_draft> checkpoint_store::begin(std::uint64_t) {
  return std::make_unique<gathered_draft>(*this);
}

result<std::optional<checkpoint>> read_newest(
    checkpoint_store& from,
    const std::function<void(const stored_checkpoint&, const error&)>& damaged) {
  const auto stored = from.list();
  if (!stored) return stored.error();
  for (const stored_checkpoint& s : *stored) {
    auto read = from.read(s);
    if (read) return std::optional{*std::move(read)};
    damaged(s, read.error());
  }
  if (stored->empty()) return std::optional<checkpoint>{};
  // To begin anew would do again what was committed.
  return error{errc::incompatible,
               "no checkpoint is whole: begin without them (--fresh), or bring back one that is"};
}

result<std::optional<checkpoint>> take_newest(checkpoint_store& from,
                                              const std::function<void(const std::string&)>& warn) {
  std::vector<stored_checkpoint> damaged;
  auto found = read_newest(from, [&](const stored_checkpoint& s, const error& why) {
    damaged.push_back(s);
    warn("checkpoint " + std::to_string(s.id) +
         " is not used, but the one before it: " + why.message);
  });
  if (!found) return found;  // somebody may mend one of them
  for (const stored_checkpoint& s : damaged)
    if (auto aside = from.set_aside(s); !aside) warn(aside.error().message);
  return found;
}

result<std::uint64_t> next_id(checkpoint_store& of) {
  const auto stored = of.list();
  if (!stored) return stored.error();
  std::uint64_t next = 1;
  for (const stored_checkpoint& s : *stored) next = std::max(next, s.id + 1);
  return next;
}

void remove_old(checkpoint_store& from, std::size_t keep,
                const std::function<void(const std::string&)>& warn) {
  const auto stored = from.list();
  if (!stored) return warn(stored.error().message);
  std::size_t kept = 0;
  for (const stored_checkpoint& s : *stored)
    if (s.kind != flow::checkpoint_kind::savepoint && ++kept > keep)
      if (auto removed = from.remove(s); !removed) warn(removed.error().message);
}

}  // namespace weir
