/** An element of a `LinkedQueue`; it is in one at most, and only the queue writes its links. */
export interface Linked<T> {
  previous: T | null
  next: T | null
}

/** First in, first out; any element leaves in constant time. */
export class LinkedQueue<T extends Linked<T>> {
  first: T | null = null
  last: T | null = null

  push(element: T): void {
    element.previous = this.last
    element.next = null
    if (this.last === null) this.first = element
    else this.last.next = element
    this.last = element
  }

  /** @param element one that is in this queue. */
  remove(element: T): void {
    const { previous, next } = element
    if (previous === null) this.first = next
    else previous.next = next
    if (next === null) this.last = previous
    else next.previous = previous
    element.previous = null
    element.next = null
  }
}
