/** An element of an `ExpiryHeap`, which alone writes its index. */
export interface Expiring {
  /** By `performance.now()`; does not change while it is in the heap. */
  expiresAtMs: number
  heapIndex: number
}

/** A binary heap whose elements know their place, so that any of them leaves in O(log n). */
export class ExpiryHeap<T extends Expiring> {
  private readonly heap: T[] = []

  /** The one that expires next. */
  get first(): T | undefined {
    return this.heap[0]
  }

  push(element: T): void {
    this.rise(element, this.heap.length)
  }

  /** @param element one that is in this heap. */
  remove(element: T): void {
    const last = this.heap.pop()!
    if (last === element) return
    const index = element.heapIndex
    if (last.expiresAtMs < element.expiresAtMs) this.rise(last, index)
    else this.sink(last, index)
  }

  private rise(element: T, from: number): void {
    let index = from
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = this.heap[parentIndex]!
      if (parent.expiresAtMs <= element.expiresAtMs) break
      this.put(parent, index)
      index = parentIndex
    }
    this.put(element, index)
  }

  private sink(element: T, from: number): void {
    let index = from
    for (let child = this.lesserChild(index); child !== -1; child = this.lesserChild(index)) {
      if (this.heap[child]!.expiresAtMs >= element.expiresAtMs) break
      this.put(this.heap[child]!, index)
      index = child
    }
    this.put(element, index)
  }

  private lesserChild(index: number): number {
    const left = 2 * index + 1
    if (left >= this.heap.length) return -1
    const right = left + 1
    if (right >= this.heap.length) return left
    return this.heap[right]!.expiresAtMs < this.heap[left]!.expiresAtMs ? right : left
  }

  private put(element: T, index: number): void {
    this.heap[index] = element
    element.heapIndex = index
  }
}
