"""The functional test: any command will do, as long as it exits with 0 when all is well."""

import json
from urllib.error import HTTPError
from urllib.request import urlopen


def get(path):
    with urlopen(f"http://shop:8080{path}", timeout=5) as response:
        return json.load(response)


assert get("/products/1") == {"sku": "1", "available": True}
assert get("/products/2") == {"sku": "2", "available": False}
try:
    get("/nothing")
except HTTPError as error:
    assert error.code == 404, error
else:
    raise AssertionError("/nothing answered")
print("the shop knows what is in stock")
