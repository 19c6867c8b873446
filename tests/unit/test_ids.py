"""Ids of the coordinator's rows."""

from coordinator.ids import is_id, new_id


def test_ids_are_different_and_sort_in_the_order_in_which_they_were_made() -> None:
    ids = [new_id("job") for _ in range(5000)]
    assert len(set(ids)) == 5000
    assert ids == sorted(ids)
    assert all(is_id(each, "job") for each in ids)


def test_what_is_no_id_is_none() -> None:
    assert not is_id("job_", "job")
    assert not is_id(new_id("job"), "player")
    assert not is_id(new_id("job") + "0", "job")
    assert not is_id("job_" + "u" * 26, "job")
