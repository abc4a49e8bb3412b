// What a page of roteq says of itself once it is laid out; Scripts/test-html.sh puts it at the page's end.
const problems = []
addEventListener("error", event => problems.push("error: " + event.message))
addEventListener("securitypolicyviolation", event => problems.push("asks for " + event.blockedURI))
addEventListener("load", () => {
  const check = (holds, problem) => { if (!holds) problems.push(problem) }
  const all = selector => [...document.querySelectorAll(selector)]
  const box = element => element.getBoundingClientRect()
  const within = (inner, outer) => inner.left >= outer.left - 1 && inner.right <= outer.right + 1
    && inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1

  check(performance.getEntriesByType("resource").length === 0, "loads files")
  const page = document.documentElement
  check(page.scrollWidth <= page.clientWidth, `is ${page.scrollWidth} wide`)

  const ids = all("[id]").map(element => element.id)
  check(new Set(ids).size === ids.length, "has the same id twice")
  for (const link of all("a[href^='#']")) check(ids.includes(link.hash.slice(1)), `has no place ${link.hash}`)

  check(all("math, svg").length > 0 || all("td").length > 50, "has neither formula nor figure")
  for (const formula of all("math")) {
    check(box(formula).width > 3 && box(formula).height > 5, "has a formula without size: " + formula.textContent)
  }
  check(all("mtext").length === 0, "has a symbol whose notation was not understood")
  for (const fraction of all("mfrac")) {
    const [numerator, denominator] = [...fraction.children].map(box)
    check(numerator.bottom <= denominator.top + 1, "has a fraction on one line: " + fraction.textContent)
  }

  for (const figure of all("svg")) {
    check(box(figure).width > 300 && box(figure).height > 100, "has a figure without size")
    const words = [...figure.querySelectorAll("text")]
    for (const word of words) check(within(box(word), box(figure)), "has words outside a figure: " + word.textContent)
    words.forEach((word, index) => {
      for (const other of words.slice(index + 1)) {
        const [a, b] = [box(word), box(other)]
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left)
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
        check(across <= 1 || down <= 0.3 * a.height, `has words over words: ${word.textContent}, ${other.textContent}`)
      }
    })
  }

  // WCAG's ratio of luminances.
  const luminance = color => {
    const [red, green, blue] = color.match(/[\d.]+/g).slice(0, 3).map(value => {
      const share = value / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const paper = luminance(getComputedStyle(document.body).backgroundColor)
  const contrast = color => {
    const [low, high] = [luminance(color), paper].sort((a, b) => a - b)
    return (high + 0.05) / (low + 0.05)
  }
  check((paper < 0.2) === matchMedia("(prefers-color-scheme: dark)").matches, "does not follow light and dark")
  for (const element of all("p, li, td, th, figcaption, a, .tag, svg")) {
    const ratio = contrast(getComputedStyle(element).color)
    check(ratio >= 4.5, `has words of contrast ${ratio.toFixed(1)}: ${element.textContent.slice(0, 40)}`)
  }
  // Graphics need 3; the colours of Okabe and Ito are kept on white, where three of them have less.
  for (const curve of all("svg [class^='roteq-']")) {
    const ratio = contrast(getComputedStyle(curve).stroke)
    check(ratio >= 2, `has a curve of contrast ${ratio.toFixed(1)}`)
  }

  const name = location.pathname.split("/").pop().replace("copy-", "") + " at " + innerWidth
  parent.postMessage(problems.length ? `failed: ${name} ${[...new Set(problems)].join("; ")}` : `passed: ${name}`, "*")
})
