"""A registry is used whole or not at all, and says of each broken line what is wrong and what to write instead."""

from __future__ import annotations

import pytest

from scraper.registry import DIRECTORY, RegistryError, load_registry

INSTITUTIONS = """id,name,kind,parent,city,state,lat,lon,website,vslo_host,notes
lakeshore,Lakeshore Hospital,teaching_hospital,,Erie,PA,42.13,-80.09,https://www.lakeshore.example/,yes,
pinehill,"Pinehill School of Medicine, North",medical_school_md,,,,,,,,
"""
STARTS = """institution_id,url,program_type,seen
lakeshore,https://www.lakeshore.example/visiting,clinical_elective,search
"""

# (file, what stands there, what is written instead, the line of the error)
BROKEN = [
    ("institutions", "lakeshore,Lake", ",Lake", "2: the id is empty: write a short name of lower-case letters, digits and hyphens"),
    ("institutions", "lakeshore,Lake", "Lake Shore,Lake", "2: id 'Lake Shore' may hold lower-case letters, digits and single hyphens only: write 'lake-shore'"),
    ("institutions", "pinehill,", "lakeshore,", "3: id 'lakeshore' stands on line 2 too: remove one of the two, or give it another id"),
    ("institutions", "Lakeshore Hospital", "", "2: the name is empty: write the name the institution gives itself"),
    ("institutions", "teaching_hospital", "clinic", "2: kind 'clinic' is not known: write medical_school_md, medical_school_do, teaching_hospital, health_system or agency, or leave it empty"),
    ("institutions", ",PA,", ",Penn.,", "2: state 'Penn.' is not a US state: write its two capital letters such as MA, or leave it empty"),
    ("institutions", "42.13", "91", "2: lat 91 is outside the US (latitude 13 to 72): write decimal degrees such as 42.36, or leave it empty"),
    ("institutions", "42.13", "42°8'N", "2: lat '42°8'N' is not a number: write decimal degrees such as 42.36, or leave it empty"),
    ("institutions", "-80.09", "80.09", "2: lon 80.09 is outside the US (longitude -180 to -64, or 144 to 146): write decimal degrees such as -71.06, or leave it empty"),
    ("institutions", "-80.09", "nan", "2: lon 'nan' is not a number: write decimal degrees such as -71.06, or leave it empty"),
    ("institutions", "-80.09", "", "2: lat is given without lon: write both, or leave both empty"),
    ("institutions", "https://www.lake", "www.lake", "2: website 'www.lakeshore.example/' does not begin with https:// or http://: write an address such as https://www.hospital.org/, or leave it empty"),
    ("institutions", "www.lakeshore.example", "lakeshore", "2: website 'https://lakeshore/' names no host: write an address such as https://www.hospital.org/, or leave it empty"),
    ("institutions", ",yes,", ",Y,", "2: vslo_host 'Y' is not known: write yes, no, or leave it empty where it is not known"),
    ("institutions", "Hospital,", "Hospital, Erie,", "2: has 12 values where the header has 11: put values that hold a comma between double quotes, and write nothing between two commas where a value is not known"),
    ("institutions", ",,,,,,,,\n", ",\n", "3: has 4 values where the header has 11: put values that hold a comma between double quotes, and write nothing between two commas where a value is not known"),
    ("institutions", ",website", ",web site", "1: the header lacks 'website': write id,name,kind,parent,city,state,lat,lon,website,vslo_host,notes as the first line"),
    ("institutions", "notes\n", "notes,beds\n", "1: the header has 'beds', which nothing reads: remove the column, or use notes"),
    ("institutions", "notes\n", "notes,notes\n", "1: the header names a column twice: write id,name,kind,parent,city,state,lat,lon,website,vslo_host,notes as the first line"),
    ("institutions", INSTITUTIONS.splitlines()[0] + "\n", "", "1: there is no header: write id,name,kind,parent,city,state,lat,lon,website,vslo_host,notes as the first line"),
    ("institutions", INSTITUTIONS, "", "1: the file is empty: write id,name,kind,parent,city,state,lat,lon,website,vslo_host,notes as the first line"),
    ("institutions", 'North"', 'North" "', "3: is not CSV (',' expected after '\"'): write double quotes in pairs, twice inside of a value"),
    ("start_urls", "lakeshore,", ",", "2: the institution_id is empty: write an id of institutions.csv"),
    ("start_urls", "lakeshore,", "lakeshor,", "2: institution_id 'lakeshor' is not in institutions.csv: did you mean 'lakeshore'?"),
    ("start_urls", "lakeshore,", "far-away,", "2: institution_id 'far-away' is not in institutions.csv: add the institution there first"),
    ("start_urls", "https://www.lakeshore.example/visiting", "", "2: the url is empty: write the address of a page, or remove the line"),
    ("start_urls", "https://www.lakeshore.example/", "ftp://lakeshore.example/", "2: url 'ftp://lakeshore.example/visiting' does not begin with https:// or http://: write an address such as https://www.hospital.org/visiting-students"),
    ("start_urls", "/visiting", "/visiting students", "2: url 'https://www.lakeshore.example/visiting students' holds white space or a character that no address may hold: write an address such as https://www.hospital.org/visiting-students"),
    ("start_urls", "//www", "//me:secret@www", "2: url 'https://me:secret@www.lakeshore.example/visiting' holds a user name or password: write an address such as https://www.hospital.org/visiting-students"),
    ("start_urls", "search\n", "search\nlakeshore,http://lakeshore.example/visiting/?utm_source=x,,\n", "3: url 'http://lakeshore.example/visiting/?utm_source=x' stands on line 2 already: remove one of the two"),
    ("start_urls", "clinical_elective", "elective", "2: program_type 'elective' is not known: write clinical_elective, sub_internship, observership, research or hub, or leave it empty"),
]  # fmt: skip


def write(folder, institutions=INSTITUTIONS, starts=STARTS):
    (folder / "institutions.csv").write_text(institutions, "utf-8")
    (folder / "start_urls.csv").write_text(starts, "utf-8")
    return folder


def problems_of(folder):
    with pytest.raises(RegistryError) as caught:
        load_registry(folder)
    return caught.value.problems


@pytest.mark.parametrize(("file", "there", "instead", "problem"), BROKEN)
def test_broken_line_is_explained(tmp_path, file, there, instead, problem):
    texts = {"institutions": INSTITUTIONS, "starts": STARTS}
    name = "starts" if file == "start_urls" else file
    assert texts[name].count(there) == 1
    texts[name] = texts[name].replace(there, instead)
    assert f"{file}.csv:{problem}" in problems_of(write(tmp_path, **texts))


def test_a_missing_file_is_named(tmp_path):
    assert problems_of(tmp_path)[0] == (
        f"institutions.csv: there is no such file in {tmp_path}: copy it there, or name another registry"
    )


def test_another_encoding_is_told_with_its_line(tmp_path):
    write(tmp_path)
    (tmp_path / "institutions.csv").write_bytes(INSTITUTIONS.replace("North", "Peña").encode("latin-1"))
    assert problems_of(tmp_path) == ["institutions.csv:3: is not UTF-8: save the file as 'CSV UTF-8'"]


def test_all_problems_come_at_once_and_nothing_is_loaded(tmp_path):
    write(tmp_path, INSTITUTIONS.replace("42.13", "91").replace(",yes,", ",Y,"), STARTS.replace("clinical_", ""))
    assert len(problems_of(tmp_path)) == 3


def test_line_numbers_count_lines_inside_of_quotes(tmp_path):
    write(tmp_path, INSTITUTIONS.replace('Medicine, North"', 'Medicine,\nNorth"') + "x,,,,,,,,,,\n")
    assert problems_of(tmp_path) == [
        "institutions.csv:5: the name is empty: write the name the institution gives itself"
    ]


def test_values_are_typed(tmp_path):
    registry = load_registry(write(tmp_path, "\ufeff" + INSTITUTIONS))
    lakeshore, pinehill = registry.institutions.values()
    assert (lakeshore.lat, lakeshore.lon, lakeshore.vslo_host, lakeshore.state) == (42.13, -80.09, True, "PA")
    assert (pinehill.lat, pinehill.website, pinehill.vslo_host) == (None, None, None)
    assert [start.url for start in registry.starts("lakeshore")] == ["https://www.lakeshore.example/visiting"]
    assert registry.starts("pinehill") == []


def test_the_projects_own_registry_is_sound():
    registry = load_registry(DIRECTORY)
    assert len(registry.institutions) >= 477
    assert sum(len(starts) for starts in registry.start_urls.values()) >= 550
