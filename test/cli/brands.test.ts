/**
 * Aim: every brand can be asked for by its name, its models and its maker, and its card has an
 * address and a port to type, and says how it is known.
 */

import { describe, expect, test } from "bun:test";
import { BRANDS, findBrand } from "#cli/brands.ts";

describe("findBrand()", () => {
  test.each([
    ["f80", "f80"],
    ["FK7xx", "f80"],
    ["Revo", "revo"],
    ["WF-206BNC", "revo"],
    ["wf206bnc", "revo"],
    ["N-BM70W Pro", "bm70w"],
    ["V536", "r6"],
    ["en-k190ftw", "ebkn"],
    ["CL-PC3", "realsvr"],
    ["Hysoon", "other"],
  ])("finds %s", (written, name) => {
    expect(findBrand(written)).toMatchObject({ kind: "one", brand: { name } });
  });

  test("names all that a maker makes", () => {
    expect(findBrand("BioMax")).toEqual({ kind: "several", names: ["bm70w", "r6"] });
  });

  test.each([
    ["rebo", "revo"],
    ["fingerspott", "fingerspot"],
    ["zkteco", undefined],
    ["", undefined],
  ])("finds no %p, and %p is near", (written, nearest) => {
    expect(findBrand(written)).toEqual({ kind: "none", nearest });
  });
});

test("every brand is found by its name, and no two have the same", () => {
  for (const brand of BRANDS) expect(findBrand(brand.name)).toEqual({ kind: "one", brand });
});

test.each([...BRANDS])("the card of $name has an address and a port to type", (brand) => {
  const values = brand.steps.flatMap(({ fields }) => fields.map(({ value }) => value)).join(" ");
  expect(values).toContain("{address}");
  expect(values).toContain("{port}");
  // Only a terminal in Internet mode sends by itself; menus without that choice have another.
  expect(values).toMatch(/Internet|\bon\b|\bOn\b|Yes|FkWeb/);
  expect(brand.source).toMatch(/^[A-Z].*\.$/);
});
