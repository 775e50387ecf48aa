// SPDX-License-Identifier: GPL-2.0-only
//
// An ordered map of which every version stays valid: insert() and erase() copy the path to the
// changed place (O(log n)) and share the rest with older copies of the map. Balanced as an AVL
// tree.
//
// Thread rule: a map is one thread's while it changes; copies are independent values that share
// immutable nodes, so that a copy that no longer changes can be read by any number of threads.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <memory>
#include <utility>

namespace tld::zones {

// Traits: `Key`; `static Key key(const Item&)`; `static std::strong_ordering order(Key, Key)`;
// `Prefix prefix(Key) const`, a value that stands in the tree itself, so that most comparisons
// touch nothing else: keys with a lesser prefix are lesser, those with equal ones may still differ.
template <class Item, class Traits>
class PersistentMap {
 public:
  using Key = typename Traits::Key;
  using Prefix = typename Traits::Prefix;
  using ItemPointer = std::shared_ptr<const Item>;

  explicit PersistentMap(Traits traits = {}) : traits_(traits) {}

  bool empty() const { return root_ == nullptr; }
  std::size_t size() const { return size_; }
  int height() const { return height_of(root_); }  // at most 1.44 log2(size() + 2)

  // Each gives nullptr when there is no such item. Lifetime: that of the map or a copy of it.
  const Item* find(Key key) const {
    const Prefix prefix = traits_.prefix(key);
    const Tree* at = root_.get();
    while (at != nullptr) {
      const auto order = order_to(prefix, key, *at);
      if (order == 0) return at->item.get();
      at = (order < 0 ? at->left : at->right).get();
    }
    return nullptr;
  }
  const Item* first() const {
    const Tree* at = root_.get();
    while (at != nullptr && at->left) at = at->left.get();
    return at == nullptr ? nullptr : at->item.get();
  }
  const Item* last() const {
    const Tree* at = root_.get();
    while (at != nullptr && at->right) at = at->right.get();
    return at == nullptr ? nullptr : at->item.get();
  }
  const Item* first_not_before(Key key) const {
    return first_where(key, [](std::strong_ordering order) { return order <= 0; });
  }
  const Item* first_after(Key key) const {
    return first_where(key, [](std::strong_ordering order) { return order < 0; });
  }
  const Item* last_not_after(Key key) const {
    return last_where(key, [](std::strong_ordering order) { return order >= 0; });
  }
  const Item* last_before(Key key) const {
    return last_where(key, [](std::strong_ordering order) { return order > 0; });
  }

  // In order. The map does not change meanwhile.
  template <class Visit>
  void for_each(const Visit& visit) const {
    for_each_of(root_, visit);
  }

  // Takes the place of an item of the same key.
  void insert(ItemPointer item) {
    bool added = true;
    const Prefix prefix = traits_.prefix(Traits::key(*item));
    root_ = inserted(root_, {std::move(item), prefix}, added);
    if (added) ++size_;
  }
  void erase(Key key) {
    if (find(key) == nullptr) return;
    root_ = erased(root_, traits_.prefix(key), key);
    --size_;
  }

 private:
  struct Tree;
  using Link = std::shared_ptr<const Tree>;
  struct Entry {
    ItemPointer item;
    Prefix prefix;
  };
  struct Tree {
    Tree(Entry what, Link before, Link behind)
        : item(std::move(what.item)),
          prefix(what.prefix),
          left(std::move(before)),
          right(std::move(behind)),
          height(1 + std::max(height_of(left), height_of(right))) {}
    Entry entry() const { return {item, prefix}; }
    ItemPointer item;
    Prefix prefix;
    Link left, right;
    int height;
  };

  static std::strong_ordering order_to(const Prefix& prefix, Key key, const Tree& tree) {
    const std::strong_ordering order = prefix <=> tree.prefix;
    return order != 0 ? order : Traits::order(key, Traits::key(*tree.item));
  }

  static int height_of(const Link& tree) { return tree ? tree->height : 0; }
  static Link join(Entry entry, Link left, Link right) {
    return std::make_shared<const Tree>(std::move(entry), std::move(left), std::move(right));
  }

  // REQUIRES: the heights differ by 2 at most.
  static Link balanced(Entry entry, Link left, Link right) {
    const int lean = height_of(right) - height_of(left);
    if (lean > 1) return leaning_right(std::move(entry), std::move(left), *right);
    if (lean < -1) return leaning_left(std::move(entry), *left, std::move(right));
    return join(std::move(entry), std::move(left), std::move(right));
  }
  static Link leaning_right(Entry entry, Link left, const Tree& right) {
    if (height_of(right.left) <= height_of(right.right)) {
      return join(right.entry(), join(std::move(entry), std::move(left), right.left), right.right);
    }
    const Tree& middle = *right.left;
    return join(middle.entry(), join(std::move(entry), std::move(left), middle.left),
                join(right.entry(), middle.right, right.right));
  }
  static Link leaning_left(Entry entry, const Tree& left, Link right) {
    if (height_of(left.right) <= height_of(left.left)) {
      return join(left.entry(), left.left, join(std::move(entry), left.right, std::move(right)));
    }
    const Tree& middle = *left.right;
    return join(middle.entry(), join(left.entry(), left.left, middle.left),
                join(std::move(entry), middle.right, std::move(right)));
  }

  static Link inserted(const Link& tree, Entry entry, bool& added) {
    if (!tree) return join(std::move(entry), nullptr, nullptr);
    const auto order = order_to(entry.prefix, Traits::key(*entry.item), *tree);
    if (order == 0) {
      added = false;
      return join(std::move(entry), tree->left, tree->right);
    }
    if (order < 0) {
      return balanced(tree->entry(), inserted(tree->left, std::move(entry), added), tree->right);
    }
    return balanced(tree->entry(), tree->left, inserted(tree->right, std::move(entry), added));
  }

  // REQUIRES: the key is there.
  static Link erased(const Link& tree, const Prefix& prefix, Key key) {
    const auto order = order_to(prefix, key, *tree);
    if (order < 0) return balanced(tree->entry(), erased(tree->left, prefix, key), tree->right);
    if (order > 0) return balanced(tree->entry(), tree->left, erased(tree->right, prefix, key));
    if (!tree->left) return tree->right;
    if (!tree->right) return tree->left;
    const Tree* successor = tree->right.get();
    while (successor->left) successor = successor->left.get();
    return balanced(successor->entry(), tree->left,
                    erased(tree->right, successor->prefix, Traits::key(*successor->item)));
  }

  template <class Visit>
  static void for_each_of(const Link& tree, const Visit& visit) {
    if (!tree) return;
    for_each_of(tree->left, visit);
    visit(*tree->item);
    for_each_of(tree->right, visit);
  }

  template <class Holds>
  const Item* first_where(Key key, const Holds& holds) const {
    const Prefix prefix = traits_.prefix(key);
    const Item* best = nullptr;
    for (const Tree* at = root_.get(); at != nullptr;) {
      const bool here = holds(order_to(prefix, key, *at));
      if (here) best = at->item.get();
      at = (here ? at->left : at->right).get();
    }
    return best;
  }
  template <class Holds>
  const Item* last_where(Key key, const Holds& holds) const {
    const Prefix prefix = traits_.prefix(key);
    const Item* best = nullptr;
    for (const Tree* at = root_.get(); at != nullptr;) {
      const bool here = holds(order_to(prefix, key, *at));
      if (here) best = at->item.get();
      at = (here ? at->right : at->left).get();
    }
    return best;
  }

  Traits traits_;
  Link root_;
  std::size_t size_ = 0;
};

}  // namespace tld::zones
