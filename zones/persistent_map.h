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
#include <cstddef>
#include <memory>
#include <utility>

namespace tld::zones {

// Traits: `Key`, `static Key key(const Item&)` and `static std::strong_ordering order(Key, Key)`.
template <class Item, class Traits>
class PersistentMap {
 public:
  using Key = typename Traits::Key;
  using ItemPointer = std::shared_ptr<const Item>;

  bool empty() const { return root_ == nullptr; }
  std::size_t size() const { return size_; }

  // Each gives nullptr when there is no such item. Lifetime: that of the map or a copy of it.
  const Item* find(Key key) const {
    const Tree* at = root_.get();
    while (at != nullptr) {
      const auto order = Traits::order(key, Traits::key(*at->item));
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
    return first_where([&](Key other) { return Traits::order(other, key) >= 0; });
  }
  const Item* first_after(Key key) const {
    return first_where([&](Key other) { return Traits::order(other, key) > 0; });
  }
  const Item* last_not_after(Key key) const {
    return last_where([&](Key other) { return Traits::order(other, key) <= 0; });
  }
  const Item* last_before(Key key) const {
    return last_where([&](Key other) { return Traits::order(other, key) < 0; });
  }

  // In order. The map does not change meanwhile.
  template <class Visit>
  void for_each(const Visit& visit) const {
    for_each_of(root_, visit);
  }

  // Takes the place of an item of the same key.
  void insert(ItemPointer item) {
    bool added = true;
    root_ = inserted(root_, std::move(item), added);
    if (added) ++size_;
  }
  void erase(Key key) {
    if (find(key) == nullptr) return;
    root_ = erased(root_, key);
    --size_;
  }

 private:
  struct Tree;
  using Link = std::shared_ptr<const Tree>;
  struct Tree {
    Tree(ItemPointer what, Link before, Link behind)
        : item(std::move(what)),
          left(std::move(before)),
          right(std::move(behind)),
          height(1 + std::max(height_of(left), height_of(right))) {}
    ItemPointer item;
    Link left, right;
    int height;
  };

  static int height_of(const Link& tree) { return tree ? tree->height : 0; }
  static Link join(ItemPointer item, Link left, Link right) {
    return std::make_shared<const Tree>(std::move(item), std::move(left), std::move(right));
  }

  // REQUIRES: the heights differ by 2 at most.
  static Link balanced(ItemPointer item, Link left, Link right) {
    const int lean = height_of(right) - height_of(left);
    if (lean > 1) return leaning_right(std::move(item), std::move(left), *right);
    if (lean < -1) return leaning_left(std::move(item), *left, std::move(right));
    return join(std::move(item), std::move(left), std::move(right));
  }
  static Link leaning_right(ItemPointer item, Link left, const Tree& right) {
    if (height_of(right.left) <= height_of(right.right)) {
      return join(right.item, join(std::move(item), std::move(left), right.left), right.right);
    }
    const Tree& middle = *right.left;
    return join(middle.item, join(std::move(item), std::move(left), middle.left),
                join(right.item, middle.right, right.right));
  }
  static Link leaning_left(ItemPointer item, const Tree& left, Link right) {
    if (height_of(left.right) <= height_of(left.left)) {
      return join(left.item, left.left, join(std::move(item), left.right, std::move(right)));
    }
    const Tree& middle = *left.right;
    return join(middle.item, join(left.item, left.left, middle.left),
                join(std::move(item), middle.right, std::move(right)));
  }

  static Link inserted(const Link& tree, ItemPointer item, bool& added) {
    if (!tree) return join(std::move(item), nullptr, nullptr);
    const auto order = Traits::order(Traits::key(*item), Traits::key(*tree->item));
    if (order == 0) {
      added = false;
      return join(std::move(item), tree->left, tree->right);
    }
    if (order < 0) {
      return balanced(tree->item, inserted(tree->left, std::move(item), added), tree->right);
    }
    return balanced(tree->item, tree->left, inserted(tree->right, std::move(item), added));
  }

  // REQUIRES: the key is there.
  static Link erased(const Link& tree, Key key) {
    const auto order = Traits::order(key, Traits::key(*tree->item));
    if (order < 0) return balanced(tree->item, erased(tree->left, key), tree->right);
    if (order > 0) return balanced(tree->item, tree->left, erased(tree->right, key));
    if (!tree->left) return tree->right;
    if (!tree->right) return tree->left;
    const Tree* successor = tree->right.get();
    while (successor->left) successor = successor->left.get();
    return balanced(successor->item, tree->left,
                    erased(tree->right, Traits::key(*successor->item)));
  }

  template <class Visit>
  static void for_each_of(const Link& tree, const Visit& visit) {
    if (!tree) return;
    for_each_of(tree->left, visit);
    visit(*tree->item);
    for_each_of(tree->right, visit);
  }

  template <class Holds>
  const Item* first_where(const Holds& holds) const {
    const Item* best = nullptr;
    for (const Tree* at = root_.get(); at != nullptr;) {
      const bool here = holds(Traits::key(*at->item));
      if (here) best = at->item.get();
      at = (here ? at->left : at->right).get();
    }
    return best;
  }
  template <class Holds>
  const Item* last_where(const Holds& holds) const {
    const Item* best = nullptr;
    for (const Tree* at = root_.get(); at != nullptr;) {
      const bool here = holds(Traits::key(*at->item));
      if (here) best = at->item.get();
      at = (here ? at->right : at->left).get();
    }
    return best;
  }

  Link root_;
  std::size_t size_ = 0;
};

}  // namespace tld::zones
