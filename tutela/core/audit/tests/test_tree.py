"""The tree is that of RFC 9162, and its proofs prove what they say and nothing else."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutela.core.audit import tree

# The leaves and roots that the implementations of Certificate Transparency test themselves with.
LEAVES = [
    bytes.fromhex(one)
    for one in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def grown(leaves):
    """A tree, and every full subtree of it by coordinate."""
    tree_, known = tree.Growing(), {}
    for number, leaf in enumerate(leaves):
        known[0, number] = leaf
        known.update({(level, place): found for level, place, found in tree_.append(leaf)})
    return tree_, known


def by_definition(leaves):
    """The root as the RFC defines it, by recursion."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return tree.node_hash(by_definition(leaves[:half]), by_definition(leaves[half:]))


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_of_the_known_vectors(size):
    assert grown([tree.leaf_hash(one) for one in LEAVES[:size]])[0].root().hex() == ROOTS[size]


hashes = st.lists(st.binary(max_size=3).map(tree.leaf_hash), min_size=1, max_size=70)


@given(hashes, st.data())
@settings(max_examples=150, deadline=None)
def test_each_leaf_is_proven_and_no_other_hash_number_or_size(leaves, data):
    whole, known = grown(leaves)
    assert whole.root() == by_definition(leaves)
    size = data.draw(st.integers(1, len(leaves)))
    leaf = data.draw(st.integers(0, size - 1))
    root = by_definition(leaves[:size])
    path = tree.proof(tree.inclusion_ranges(leaf, size), known)
    assert tree.includes(root, size, leaf, leaves[leaf], path)
    assert not tree.includes(root, size, leaf, tree.leaf_hash(b"forged"), path)
    assert not tree.includes(root, size, size, leaves[leaf], path)
    assert not tree.includes(root, size, leaf, leaves[leaf], [*path, path[0] if path else root])
    if path:
        assert not tree.includes(root, size, leaf, leaves[leaf], path[:-1])


@given(hashes, st.data())
@settings(max_examples=150, deadline=None)
def test_an_older_tree_is_proven_to_be_the_beginning_and_a_forged_one_is_not(leaves, data):
    _whole, known = grown(leaves)
    size = data.draw(st.integers(1, len(leaves)))
    old = data.draw(st.integers(1, size))
    before, after = by_definition(leaves[:old]), by_definition(leaves[:size])
    path = tree.proof(tree.consistency_ranges(old, size), known)
    assert tree.extends(before, old, after, size, path)
    assert not tree.extends(tree.leaf_hash(b"forged"), old, after, size, path)
    assert not tree.extends(before, old, tree.leaf_hash(b"forged"), size, path)
    assert not tree.extends(before, old, after, size, [*path, after])


@given(hashes, st.integers(0, 70))
def test_a_tree_goes_on_from_its_edge_as_if_it_had_never_stopped(leaves, at):
    at = min(at, len(leaves))
    _whole, known = grown(leaves)
    later = tree.Growing(at, [known[one] for one in tree.full_subtrees(0, at)])
    for leaf in leaves[at:]:
        list(later.append(leaf))
    assert later.root() == by_definition(leaves)


def test_what_appending_fetches_and_a_proof_holds_grows_with_the_logarithm_only():
    size = 1_000_000_000
    assert len(tree.full_subtrees(0, size)) <= 30
    ranges = tree.inclusion_ranges(123_456_789, size)
    assert len(ranges) <= 30
    assert len(tree.coordinates(ranges)) <= 60
