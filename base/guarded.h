// SPDX-License-Identifier: GPL-2.0-only
//
// A lock that wraps the data it guards: the data cannot be reached without it.
//
// Thread rule: lock() is exclusive, read() is shared. Exclusive acquisitions are counted per
// thread, so that a test can show that answering a question takes none.
#pragma once

#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <utility>

namespace tld::base {

// How many exclusive locks the calling thread has taken through Guarded since it started.
inline std::uint64_t& exclusive_locks_of_this_thread() {
  thread_local std::uint64_t count = 0;
  return count;
}

template <class T>
class Guarded {
 public:
  template <class... Args>
  explicit Guarded(Args&&... args) : data_(std::forward<Args>(args)...) {}
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  template <class Data, class Lock>
  class Access {
   public:
    Access(Data& data, Lock lock) : lock_(std::move(lock)), data_(data) {}
    Data* operator->() const { return &data_; }
    Data& operator*() const { return data_; }
    Lock& raw() { return lock_; }  // for a condition variable to wait on

   private:
    Lock lock_;
    Data& data_;
  };

  auto lock() {
    ++exclusive_locks_of_this_thread();
    return Access<T, std::unique_lock<std::shared_mutex>>(data_, std::unique_lock(mutex_));
  }
  auto read() const {
    return Access<const T, std::shared_lock<std::shared_mutex>>(data_, std::shared_lock(mutex_));
  }

 private:
  mutable std::shared_mutex mutex_;
  T data_;
};

}  // namespace tld::base
