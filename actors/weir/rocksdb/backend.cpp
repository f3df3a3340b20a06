// SPDX-License-Identifier: BSD-3-Clause
#include "weir/rocksdb/rocksdb.hpp"
#include "weir/rocksdb/store.hpp"

#include <algorithm>

namespace weir {

namespace {

using rocks::shared_memory;

constexpr std::size_t mib = std::size_t{1} << 20;

/// Half of the memory is for tables; of the other half a third for write buffers, which the cache
/// of blocks gives up for them: 4 MiB at least, since less would be flushed every few rows.
std::shared_ptr<shared_memory> divide(std::size_t bytes) {
  auto made = std::make_shared<shared_memory>();
  made->tables = bytes / 2;
  const std::size_t databases = bytes - made->tables;
  made->blocks = rocksdb::NewLRUCache(databases);
  made->buffers =
      std::make_shared<rocksdb::WriteBufferManager>(std::max(databases / 3, 4 * mib), made->blocks);
  made->buffer_bytes = std::clamp<std::size_t>(databases / 12, mib / 4, 16 * mib);
  return made;
}

class backend final : public state_backend {
public:
  explicit backend(rocksdb_settings settings)
      : directory_(std::move(settings.directory)), memory_(divide(settings.memory)) {}

  std::unique_ptr<cold_store> open(instance_place where,
                                   std::vector<snapshot_part> restored) override {
    std::string place = directory_ + "/" + where.name;
    return std::make_unique<rocks::store>(memory_, std::move(where), std::move(place),
                                          std::move(restored));
  }

private:
  std::string directory_;
  std::shared_ptr<shared_memory> memory_;
};

}  // namespace

result<std::shared_ptr<state_backend>> open_rocksdb(rocksdb_settings settings) {
  if (settings.directory.empty())
    return error{errc::invalid_argument, "the state backend 'rocksdb' wants a directory"};
  return std::shared_ptr<state_backend>{std::make_shared<backend>(std::move(settings))};
}

}  // namespace weir
