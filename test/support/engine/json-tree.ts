/** Text that goes into JSON as it is: numbers that JavaScript cannot hold, tokens that JSON does not have. */
export class Token {
  constructor(readonly text: string) {}
}

/** An object whose keys may stand twice and may be any text. */
export class Entries {
  constructor(readonly list: [string, Tree][]) {}
}

export type Tree = null | boolean | number | string | Token | Entries | Tree[]

export function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return value.map(treeOf)
  if (typeof value === 'object' && value !== null)
    return new Entries(Object.entries(value).map(([key, item]) => [key, treeOf(item)]))
  return value as Tree
}

export function textOf(tree: Tree): string {
  if (tree instanceof Token) return tree.text
  if (Array.isArray(tree)) return `[${tree.map(textOf).join(',')}]`
  if (tree instanceof Entries)
    return `{${tree.list.map(([key, item]) => `${JSON.stringify(key)}:${textOf(item)}`).join(',')}}`
  return JSON.stringify(tree)
}

/** A place in a tree: what is there, and how to put something else there. */
export interface Place {
  tree: Tree
  put(tree: Tree): void
  /** The list or object around it, and where in it. */
  around: Tree[] | Entries | null
  index: number
}

/** Every place of a tree, the root first; of a list's items only the first few. */
export function placesOf(root: { tree: Tree }): Place[] {
  const put = (tree: Tree) => (root.tree = tree)
  const places: Place[] = [{ tree: root.tree, put, around: null, index: 0 }]
  for (let at = 0; at < places.length; at++) places.push(...inside(places[at]!.tree))
  return places
}

const itemsMax = 4

function inside(tree: Tree): Place[] {
  if (Array.isArray(tree))
    return tree.slice(0, itemsMax).map((item, index) => ({
      tree: item,
      put: (other) => (tree[index] = other),
      around: tree,
      index,
    }))
  if (!(tree instanceof Entries)) return []
  return tree.list.map((entry, index) => ({
    tree: entry[1],
    put: (other) => (entry[1] = other),
    around: tree,
    index,
  }))
}
