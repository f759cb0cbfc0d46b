"""Forms in several parts, read strictly: the good ones whole, the hostile ones not at all."""

import mmap
import os
import random
import tempfile

import pytest

from rouage.sdk.multipart import MultipartError, MultipartLimits, read_multipart

KIND = "multipart/form-data; boundary=xyz"


def form(*parts, end=b"--xyz--\r\n"):
    return b"".join(b"--xyz\r\n" + part + b"\r\n" for part in parts) + end


def field(value=b"1", name='name="a"', extra=""):
    return f"Content-Disposition: form-data; {name}{extra}\r\n\r\n".encode() + value


def test_fields_and_files_are_told_apart():
    body = form(
        field("été".encode()),
        field(b"\r\n--xy\0\xff", 'name="f"; filename="a b.bin"', "\r\nContent-Type: image/png"),
        field(b"", 'name="empty"; filename=""'),
    )
    first, second, third = read_multipart(body, KIND)
    assert (first.name, first.text(), first.file_name) == ("a", "été", None)
    assert (second.name, second.file_name, second.kind) == ("f", "a b.bin", "image/png")
    assert bytes(second.content) == b"\r\n--xy\0\xff"
    assert (third.file_name, bytes(third.content)) == ("", b"")


def test_a_body_in_a_file_is_read_in_place():
    content = os.urandom(3 << 20)
    with tempfile.TemporaryFile() as file:
        file.write(form(field(content, 'name="f"; filename="x"')))
        file.flush()
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        (part,) = read_multipart(mapped, 'multipart/form-data; boundary="xyz"')
        assert bytes(part.content) == content


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('filename="a%22b.txt"', 'a"b.txt'),
        ('filename="a\\"b.txt"', 'a"b.txt'),
        ("filename=plain.txt", "plain.txt"),
        ("filename=\"x\"; filename*=UTF-8''%C3%A9t%C3%A9.txt", "été.txt"),
        ('filename="100%.txt"', "100%.txt"),
    ],
)
def test_names_are_read_as_browsers_and_programs_write_them(written, name):
    (part,) = read_multipart(form(field(name=f'name="a"; {written}')), KIND)
    assert part.file_name == name


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "x" * 71,
        'multipart/form-data; boundary="a\nb"',
        "multipart/form-data; boundary=é",
        "multipart/form-data; boundary=xyz; boundary=abc",
    ],
)
def test_a_boundary_must_be_one(kind):
    with pytest.raises(MultipartError):
        read_multipart(form(field()), kind)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--",
        b"--xyz",
        b"--xyz\r\n",
        b"preamble\r\n" + form(field()),
        form(field(), end=b""),
        form(field(), end=b"--xyz--\r\nepilogue"),
        form(field(), end=b"--xyz-x"),
        b"--xyzzy\r\n" + field() + b"\r\n--xyz--",
        form(b"no header at all"),
        form(b"\r\n\r\nno disposition"),
        form(field(name="filename=x")),
        form(field(name='name=""')),
        form(field(name='name="a"; name="b"')),
        form(field(name='name="' + "x" * 300 + '"')),
        form(b'Content-Disposition: attachment; name="a"\r\n\r\n1'),
        form(b'Content-Disposition : form-data; name="a"\r\n\r\n1'),
        form(b'Content-Disposition: form-data; name="a"\n\n1'),
        form(field(extra='\r\nContent-Disposition: form-data; name="b"')),
        form(field(extra="\r\n folded")),
        form(field(extra="\r\nContent-Transfer-Encoding: base64")),
        form(field(extra="\r\nContent-Type: multipart/mixed; boundary=abc")),
        form(field(extra="\r\nX: " + "x" * 9_000)),
        form(field(extra="".join(f"\r\nX-{n}: 1" for n in range(20)))),
        form(b'Content-Disposition: form-data; name="\xff"\r\n\r\n1'),
    ],
)
def test_what_could_be_read_two_ways_is_refused(body):
    with pytest.raises(MultipartError) as caught:
        read_multipart(body, KIND)
    assert caught.value.status == 400
    assert caught.value.message.fr


def test_a_text_that_is_no_utf8_is_refused():
    (part,) = read_multipart(form(field(b"\xff")), KIND)
    with pytest.raises(MultipartError):
        part.text()


@pytest.mark.parametrize(
    "parts",
    [[field()] * 4, [field(b"x" * 11)], [field(b"x" * 21, 'name="a"; filename="b"')]],
)
def test_a_form_beyond_its_bounds_is_too_large(parts):
    limits = MultipartLimits(parts=3, field_bytes=10, file_bytes=20)
    with pytest.raises(MultipartError) as caught:
        read_multipart(form(*parts), KIND, limits)
    assert caught.value.status == 413


def test_cut_and_twisted_bodies_never_raise_anything_else():
    whole = form(field(), field(b"data", 'name="f"; filename="b.bin"', "\r\nContent-Type: a/b"))
    chance = random.Random(7)  # noqa: S311 - the same every time
    for _ in range(3_000):
        body = bytearray(whole[: chance.randrange(len(whole) + 1)])
        for _ in range(chance.randrange(4)):
            if body:
                body[chance.randrange(len(body))] = chance.choice(b"\r\n-xyz;=\"' \0\xff")
        try:
            parts = read_multipart(bytes(body), KIND)
        except MultipartError:
            continue
        assert all(part.name for part in parts)
