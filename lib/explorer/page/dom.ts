/** Making elements: text goes in as text, so that no label becomes markup. */

/** An element with attributes (`true` sets, `false` leaves out) and children. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | number | boolean>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/** An id that no other element of the page has. */
export function freshId(): string {
  return `rd-explorer-${++made}`;
}

let made = 0;
