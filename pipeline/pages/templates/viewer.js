"use strict";
// The attention viewer: which regions a word attends to, and which words a region attends to.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const percent = (thousandths) => `${(thousandths / 10).toFixed(1)} %`;
  const strongest = (weights) => weights.indexOf(Math.max(...weights));

  function element(name, attributes = {}, text = "") {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  }

  function shape(name, attributes) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  class Viewer {
    constructor(root) {
      this.pairs = JSON.parse(root.querySelector("script").textContent);
      this.part = (name) => root.querySelector(`[data-${name}]`);
      this.kept = null; // selected by click or key; shown again when the pointer leaves
      this.fillChoice();
      root.querySelectorAll("[data-step]").forEach((button) => {
        button.addEventListener("click", () => this.step(Number(button.dataset.step)));
      });
      root.addEventListener("keydown", (event) => {
        if (event.key === "Escape") this.keep(null);
      });
      this.part("tokens").addEventListener("change", () => this.drawWords());
      this.open(0);
    }

    fillChoice() {
      const choice = this.part("pair");
      this.pairs.forEach((pair, i) => {
        const verdict = pair.gold === null ? "" : pair.gold === pair.predicted ? "✓ " : "✗ ";
        choice.append(element("option", { value: i }, verdict + pair.title));
      });
      choice.addEventListener("change", () => this.open(Number(choice.value)));
    }

    step(by) {
      const count = this.pairs.length;
      this.open((this.number + by + count) % count);
      this.part("pair").value = this.number;
    }

    open(number) {
      this.number = number;
      this.pair = this.pairs[number];
      this.drawImage();
      this.drawCosines();
      this.drawVotes();
      this.drawWords();
    }

    drawImage() {
      const { image, boxes, objects, spelled, aspect } = this.pair;
      const width = 1000, height = 1000 / aspect;
      const svg = shape("svg", {
        viewBox: `0 0 ${width} ${height}`, role: "listbox", "aria-label": "Regions of the image",
      });
      // Black parts of the mask thin the veil, so regions with large weights show through.
      const mask = shape("mask", { id: "veil-mask" });
      mask.append(shape("rect", { width, height, fill: "#fff" }));
      const veil = shape("rect", { class: "veil", width, height, mask: "url(#veil-mask)" });
      const place = boxes.map(([x1, y1, x2, y2]) => ({
        x: x1, y: y1 / aspect, width: Math.max(1, x2 - x1), height: Math.max(1, (y2 - y1) / aspect),
      }));
      this.holes = place.map((at) => shape("rect", { ...at, fill: "#000", "fill-opacity": 0 }));
      mask.append(...this.holes);
      this.regions = place.map((at, i) => shape("rect", {
        ...at, class: "region", role: "option", tabindex: i ? -1 : 0, "aria-selected": false,
        "aria-label": `Region ${i + 1}, ${objects[i]}`,
      }));
      svg.append(mask, veil);
      // Small boxes last, so that the pointer can reach them inside large ones.
      const area = (i) => place[i].width * place[i].height;
      svg.append(...place.map((_, i) => i).sort((a, b) => area(b) - area(a)).map((i) => this.regions[i]));
      this.part("image").replaceChildren(element("img", { src: image, alt: `Image posted with: ${spelled.join(" ")}` }), svg);
      if (this.pair.word_regions) this.listen(this.regions, "region");
    }

    // As people wrote them, or as the tokens that the model reads, some of which nobody wrote.
    drawWords() {
      const { words, spelled, word_cosines: cosines } = this.pair;
      this.shownWords = this.part("tokens").checked ? words : spelled;
      const first = this.shownWords.findIndex(Boolean);
      this.words = this.shownWords.map((word, i) => {
        const button = element("button", {
          type: "button", class: "word", role: "option", tabindex: i === first ? 0 : -1, "aria-selected": false,
        }, word);
        button.hidden = !word;
        if (cosines) {
          this.measure(button, cosines, i);
          button.title = `cosine ${(cosines[i] / 1000).toFixed(2)}`;
        }
        return button;
      });
      this.part("words").replaceChildren(...this.words);
      if (this.pair.word_regions) this.listen(this.words, "word");
      this.keep(null);
    }

    drawCosines() {
      const { region_cosines: cosines, objects } = this.pair;
      this.part("region-part").hidden = !cosines;
      this.bars = (cosines || []).map((cosine, i) => {
        const label = `Region ${i + 1}, ${objects[i]}, cosine ${(cosine / 1000).toFixed(2)}`;
        const bar = element("button", {
          type: "button", class: "cosine", role: "option", tabindex: i ? -1 : 0, "aria-selected": false,
          "aria-label": label, title: label,
        });
        this.measure(bar, cosines, i);
        return bar;
      });
      this.part("cosines").replaceChildren(...this.bars);
      this.listen(this.bars, "region");
    }

    // A bar whose length is the cosine relative to the pair's largest.
    measure(item, cosines, i) {
      const bar = element("i");
      bar.style.setProperty("--cosine", (100 * Math.abs(cosines[i])) / Math.max(1, ...cosines.map(Math.abs)));
      item.classList.toggle("negative", cosines[i] < 0);
      item.append(bar);
    }

    drawVotes() {
      const { votes, labels, gold, predicted, undecided } = this.pair;
      const names = { both: "AnANet" };
      const table = this.part("votes");
      const head = element("tr");
      head.append(element("th", { scope: "col" }, "vote"), ...labels.map((label) => element("th", { scope: "col" }, label)));
      const rows = Object.entries(votes).map(([name, shares]) => {
        const row = element("tr", { class: name });
        row.append(element("th", { scope: "row" }, names[name] || name));
        shares.forEach((share, i) => {
          const cell = element("td", i === strongest(shares) ? { class: "top" } : {}, percent(share));
          cell.style.setProperty("--share", share / 10);
          row.append(cell);
        });
        return row;
      });
      const thead = element("thead"), tbody = element("tbody");
      thead.append(head);
      tbody.append(...rows);
      table.replaceChildren(element("caption", { class: "sr" }, "Probability of each relation by each vote"), thead, tbody);
      const right = gold === predicted;
      const correctness = gold === null ? "" : right ? "right" : "wrong";
      const verdict = this.part("verdict");
      if (undecided.length) {
        verdict.replaceChildren("Undecided between ", element("b", {}, undecided.join(", ")), ".");
        return;
      }
      verdict.replaceChildren("Predicted ", element("b", { class: correctness }, predicted));
      if (right) verdict.append(", as annotated.");
      else if (gold !== null) verdict.append(", annotated ", element("b", {}, gold), ".");
    }

    // Pointer, touch and keyboard on the items of a list, which is one tab stop.
    listen(items, kind) {
      items.forEach((item, i) => {
        item.addEventListener("pointerenter", (event) => {
          if (event.pointerType === "mouse") this.show({ kind, i });
        });
        item.addEventListener("pointerleave", (event) => {
          if (event.pointerType === "mouse") this.show(this.kept);
        });
        item.addEventListener("focus", () => {
          items.forEach((other) => other.setAttribute("tabindex", other === item ? 0 : -1));
          if (item.matches(":focus-visible")) this.keep({ kind, i });
        });
        item.addEventListener("click", () => {
          const again = this.kept && this.kept.kind === kind && this.kept.i === i;
          this.keep(again ? null : { kind, i });
        });
        item.addEventListener("keydown", (event) => {
          const shown = items.filter((other) => !other.hidden);
          const last = shown.length - 1, at = shown.indexOf(item);
          const target = {
            ArrowRight: Math.min(at + 1, last), ArrowDown: Math.min(at + 1, last),
            ArrowLeft: Math.max(at - 1, 0), ArrowUp: Math.max(at - 1, 0), Home: 0, End: last,
          }[event.key];
          if (target !== undefined) {
            event.preventDefault();
            shown[target].focus();
          } else if (event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            this.keep({ kind, i });
          }
        });
      });
    }

    keep(choice) {
      this.kept = choice;
      this.show(choice);
    }

    show(choice) {
      const { word_regions: ofWord, region_words: ofRegion, words } = this.pair;
      const word = choice && choice.kind === "word" ? choice.i : -1;
      const region = choice && choice.kind === "region" ? choice.i : -1;
      const shining = word >= 0 ? ofWord[word] : this.regions.map((_, i) => (i === region ? 1000 : 0));
      const bright = region >= 0 ? ofRegion[region] : words.map(() => 0);
      const outlined = word >= 0 ? strongest(ofWord[word]) : region;
      this.part("image").classList.toggle("chosen", Boolean(choice));
      this.paint(shining, outlined, region);
      const most = Math.max(1, ...bright);
      this.words.forEach((item, i) => {
        const weight = (100 * bright[i]) / most;
        item.style.setProperty("--weight", weight);
        item.toggleAttribute("data-bright", weight > 55);
        item.setAttribute("aria-selected", i === word);
      });
      this.say(word, region);
    }

    paint(shining, outlined, selected) {
      const most = Math.max(1, ...shining);
      this.holes.forEach((hole, i) => hole.setAttribute("fill-opacity", (shining[i] / most).toFixed(3)));
      this.regions.forEach((box, i) => {
        box.classList.toggle("strongest", i === outlined);
        box.dataset.weight = shining[i];
        box.setAttribute("aria-selected", i === selected);
      });
      this.bars.forEach((bar, i) => {
        bar.classList.toggle("strongest", i === outlined);
        bar.setAttribute("aria-selected", i === selected);
      });
    }

    say(word, region) {
      const { word_regions: ofWord, region_words: ofRegion, words, objects, word_cosines, region_cosines } = this.pair;
      const named = (i) => this.shownWords[i] || words[i];
      const line = this.part("status");
      if (!ofWord) {
        line.textContent = "This model has no alignment net, so there is no attention to show.";
        return;
      }
      const top = (weights, names) => weights
        .map((weight, i) => [weight, names(i)])
        .sort((a, b) => b[0] - a[0]).slice(0, 3).filter(([weight]) => weight > 0)
        .map(([weight, name]) => `${name} (${percent(weight)})`).join(", ");
      if (word >= 0) {
        const regions = top(ofWord[word], (i) => `region ${i + 1}, ${objects[i]}`) || "nothing";
        line.replaceChildren(element("strong", {}, `“${named(word)}”`), ` attends most to ${regions}. Its cosine is ${(word_cosines[word] / 1000).toFixed(2)}.`);
      } else if (region >= 0) {
        const found = top(ofRegion[region], (i) => `“${named(i)}”`) || "nothing";
        line.replaceChildren(element("strong", {}, `Region ${region + 1}, ${objects[region]},`), ` attends most to ${found}. Its cosine is ${(region_cosines[region] / 1000).toFixed(2)}.`);
      } else {
        line.textContent = "Point at a word to see which regions it attends to, or at a box to see which words it attends to. Tap or press Enter to keep the selection, Escape to clear it; arrow keys move it.";
      }
    }
  }

  const start = (part) => part.querySelectorAll("[data-viewer]").forEach((root) => new Viewer(root));
  start(document);
  document.addEventListener("answered", (event) => start(event.target));
})();
