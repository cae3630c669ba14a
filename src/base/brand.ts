/**
 * Nominal types over plain strings and numbers, so that a device id is never taken for a user id.
 * The constructors of the project's branded types live with the types, and all go through `brand`.
 */

declare const brandTag: unique symbol;

/** A `Base` that only a function of its own module hands out. */
export type Brand<Base, Tag extends string> = Base & { readonly [brandTag]: Tag };

/** Marks a value whose form the caller has checked. The only cast of the project outside decoders. */
export function brand<Branded extends Brand<string | number, string>>(
  value: Branded extends string ? string : number,
): Branded {
  return value as unknown as Branded;
}
