// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/event/change.hpp"
#include "weir/sink/plain_writer.hpp"

#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace weir {

/// What a sink that keeps rows by key must be able to do; `apply_change` does the rest. Both may
/// throw; both must give the same when they are repeated, so that a restart does no harm.
template <class To, class K, class T>
concept keyed_target = requires(To& to, const K& key, const T& row) {
  to.upsert(key, row);
  to.erase(key);
};

/// Applies a change to a target whose rows have the key that `key_of(row)` gives: an update whose
/// key moved erases the row under the old one. An event that is no change is a row to upsert.
template <class KeyOf, class To, class E>
void apply_change(const KeyOf& key_of, To& to, const E& event) {
  if constexpr (change_event<E>) {
    auto key = std::invoke(key_of, event.value);
    if (event.kind == change_kind::remove) return static_cast<void>(to.erase(key));
    if (event.previous) {
      auto before = std::invoke(key_of, *event.previous);
      if (!(before == key)) to.erase(before);
    }
    to.upsert(key, event.value);
  } else {
    to.upsert(std::invoke(key_of, event), event);
  }
}

/// Keeps a stream of rows, or of changes to rows, as a table in memory by the key that `key_of`
/// gives. Copies share one table, which any thread may read; a mutex, taken once a batch. The key
/// must have `<`.
template <class T, class KeyOf>
class table_sink {
public:
  using key = std::decay_t<std::invoke_result_t<const KeyOf&, const T&>>;

  explicit table_sink(KeyOf key_of)
      : key_of_(std::move(key_of)), table_(std::make_shared<table>()) {}

  [[nodiscard]] std::map<key, T> rows() const {
    const std::lock_guard lock{table_->mutex};
    return table_->rows;
  }
  [[nodiscard]] std::optional<T> find(const key& k) const {
    const std::lock_guard lock{table_->mutex};
    const auto at = table_->rows.find(k);
    return at == table_->rows.end() ? std::nullopt : std::optional<T>{at->second};
  }
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock{table_->mutex};
    return table_->rows.size();
  }

  template <class E>
  requires std::same_as<E, T> || std::same_as<E, change<T>>
  [[nodiscard]] std::unique_ptr<sink_writer<E>> make_writer(const sink_instance&) const {
    return std::make_unique<writer<E>>(table_, key_of_);
  }
  [[nodiscard]] std::string kind() const { return "table"; }
  [[nodiscard]] bool blocking() const { return false; }

private:
  struct table {
    mutable std::mutex mutex;
    std::map<key, T> rows;

    void upsert(const key& k, const T& row) { rows.insert_or_assign(k, row); }
    void erase(const key& k) { rows.erase(k); }
  };

  template <class E>
  class writer final : public plain_writer<E> {
  public:
    writer(std::shared_ptr<table> to, KeyOf key_of)
        : to_(std::move(to)), key_of_(std::move(key_of)) {}

    written write(std::span<const E> events, std::span<const timestamp>) override {
      const std::lock_guard lock{to_->mutex};
      for (const E& e : events) apply_change(key_of_, *to_, e);
      return {events.size(), std::nullopt};
    }

  private:
    std::shared_ptr<table> to_;
    KeyOf key_of_;
  };

  KeyOf key_of_;
  std::shared_ptr<table> table_;
};

/// Makes a table of rows of `T`.
template <class T, class KeyOf>
[[nodiscard]] table_sink<T, KeyOf> table_of(KeyOf key_of) {
  return table_sink<T, KeyOf>{std::move(key_of)};
}

/// Calls `upsert(key, row)` and `erase(key)` for a stream of rows or of changes to rows, from the
/// sink's own stage. If one throws, the event follows the stage's directive.
template <class KeyOf, class Upsert, class Erase>
class keyed_callback_sink {
public:
  keyed_callback_sink(KeyOf key_of, Upsert upsert, Erase erase)
      : key_of_(std::move(key_of)), target_{std::move(upsert), std::move(erase)} {}

  /// Says that the functions may block: they then run on a thread of their own.
  keyed_callback_sink blocking(bool may_block) && {
    blocking_ = may_block;
    return std::move(*this);
  }

  template <class E>
  [[nodiscard]] std::unique_ptr<sink_writer<E>> make_writer(const sink_instance&) const {
    return std::make_unique<writer<E>>(key_of_, target_);
  }
  [[nodiscard]] std::string kind() const { return "keyed-callback"; }
  [[nodiscard]] bool blocking() const { return blocking_; }

private:
  struct target {
    Upsert upsert;
    Erase erase;
  };

  template <class E>
  class writer final : public plain_writer<E> {
  public:
    writer(KeyOf key_of, target to) : key_of_(std::move(key_of)), to_(std::move(to)) {}

    written write(std::span<const E> events, std::span<const timestamp>) override {
      return write_each(events, [this](const E& e) { apply_change(key_of_, to_, e); });
    }

  private:
    KeyOf key_of_;
    target to_;
  };

  KeyOf key_of_;
  target target_;
  bool blocking_ = false;
};

}  // namespace weir
