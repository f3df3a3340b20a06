// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/core/error.hpp"
#include "weir/core/time.hpp"
#include "weir/state/saved_form.hpp"

#include <map>
#include <string>
#include <utility>

namespace weir {

/// What a processor sees of a broadcast event.
struct broadcast_context {
  timestamp at;   ///< The event's timestamp.
  timestamp now;  ///< Wall-clock time.
};

/// A map that all instances of a processor hold alike, because all see the same broadcast events in
/// the same order: a processor declares it as a member and lists it in `broadcast_states()`.
/// Written in `on_broadcast` only, else the instances would differ.
template <class M, class V>
class broadcast_state {
  static_assert(encodable<M> && encodable<V>,
                "weir: a state's type needs a codec: describe it with BOOST_DESCRIBE_STRUCT");

public:
  /// Throws `weir::exception` if the name is empty or begins with '@', as those of the library do.
  explicit broadcast_state(std::string name) : name_(std::move(name)) {
    if (name_.empty() || name_.front() == '@')
      throw exception(
          {errc::invalid_argument,
           "state '" + name_ + "': a state's name must not be empty or begin with '@'"});
  }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::map<M, V>& get() const noexcept { return values_; }
  /// Returns the value at `at`, or null.
  [[nodiscard]] const V* get(const M& at) const {
    const auto found = values_.find(at);
    return found == values_.end() ? nullptr : &found->second;
  }
  // These throw `weir::exception` outside of `on_broadcast`.

  void put(const M& at, V value) {
    require_writable();
    values_.insert_or_assign(at, std::move(value));
  }
  void erase(const M& at) {
    require_writable();
    values_.erase(at);
  }

  // For the operator that owns the state.

  void allow_writing(bool yes) noexcept { writable_ = yes; }
  void save(snapshot_writer& to) const {
    save_form<std::map<M, V>>(to, name_);
    bytes data;
    encode(values_, data);
    to.item(name_, std::move(data), state_kind::union_list);
  }
  void restore(const snapshot_reader& from) {
    const saved_form form = form_of<std::map<M, V>>(from, name_);
    from.each(name_, [&](key_group, std::span<const std::byte> data) {
      byte_reader in{data};
      const auto read = [&](byte_reader& all) {
        return decode(all, values_) && all.remaining() == 0;
      };
      if (!form.each_entry(in, read))
        throw exception({errc::incompatible, "state '" + name_ + "' does not decode"});
    });
  }

private:
  void require_writable() const {
    if (!writable_)
      throw exception({errc::invalid_argument,
                       "state '" + name_ +
                           "': broadcast state is written in on_broadcast() only, so that all "
                           "instances hold the same"});
  }

  std::string name_;
  std::map<M, V> values_;
  bool writable_ = false;
};

}  // namespace weir
