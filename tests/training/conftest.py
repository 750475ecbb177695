import pytest

torch = pytest.importorskip("torch", reason="training needs the extra 'train'")


@pytest.fixture(autouse=True)
def one_thread_and_one_seed():
    """The same random numbers in every run, and no fight for the cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)
