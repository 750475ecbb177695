import ctypes
import platform

import pytest

from spinemets.training.memory import M_MMAP_MAX, M_TOP_PAD, M_TRIM_THRESHOLD, keep_freed_memory


@pytest.fixture
def calls(monkeypatch):
    made, answers = [], {}

    class Library:
        @staticmethod
        def mallopt(parameter, value):
            made.append((parameter, value))
            return answers.get(parameter, 1)

    monkeypatch.setattr(ctypes, "CDLL", lambda name: Library)
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.39"))
    return made, answers


def test_glibc_is_told_to_keep_what_is_freed(calls):
    assert keep_freed_memory()
    assert dict(calls[0]) == {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 256 * 2**20}


def test_every_setting_is_tried_and_a_refusal_is_reported(calls):
    made, answers = calls
    answers[M_MMAP_MAX] = 0
    assert not keep_freed_memory()
    assert len(made) == 3


def test_another_c_library_is_left_alone(calls, monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert not keep_freed_memory()
    assert calls[0] == []
