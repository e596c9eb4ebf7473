"""Every project that a requirement line may name is one that PyPI has; a name that nobody holds is one that anybody may take."""
import concurrent.futures

import pypi_names
import pytest


def test_every_project_of_the_table_exists():
    projects = sorted({project for _, project, _ in pypi_names.table()})
    assert len(projects) > 300

    def missing(project):
        return None if pypi_names.exists(project) else project

    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            absent = [project for project in pool.map(missing, projects) if project]
    except OSError as error:
        pytest.skip("PyPI cannot be asked: %s" % error)
    assert absent == []


def test_a_name_that_nobody_holds_is_found_out():
    try:
        assert not pypi_names.exists("packwright-no-such-project-here")
    except OSError as error:
        pytest.skip("PyPI cannot be asked: %s" % error)
