from __future__ import annotations

from standards import communities


def test_there_are_four_offices_with_thirty_six_communities() -> None:
    assert [office.name.en for office in communities.offices()] == ["Longhua", "Minzhi", "Dalang", "Guanlan"]
    assert len(communities.codes()) == 36


def test_a_community_is_numbered_under_its_office() -> None:
    for office in communities.offices():
        assert all(community.code.startswith(office.code) for community in office.communities)
