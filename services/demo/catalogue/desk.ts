import type { DemoShelf } from "./shelf.ts";

export const desk: DemoShelf = {
  id: "desk",
  name: "Desk & Studio",
  description: "For people who write, draw, type and photograph, and who mind what they do it with.",
  backdrop: { wall: "#eceaf3", floor: "#d5d1e4", shade: "#3b3656" },
  showcase: ["index-card-box", "rangefinder-film-camera", "field-notebook-aubergine"],
  alt: "A film camera between a box of index cards and a dark notebook",
  products: [
    {
      id: "lagoon-fountain-pen",
      name: "Lagoon Fountain Pen",
      description:
        "A pen for daily use, not for signing treaties: light barrel, springy steel nib, a clip that holds on to a shirt. It takes any international cartridge, and a converter for bottled ink is already inside.",
      priceCents: 4200,
      stock: 43,
      attributes: [
        ["Nib", "Steel, medium (F and B on request)"],
        ["Body", "Lacquered aluminium"],
        ["Filling", "Standard cartridge, converter included"],
        ["Weight", "19 g"],
        ["Length", "138 mm capped"],
      ],
      shot: { asset: "1f58b-fe0f", pose: "lying", alt: "A blue fountain pen with silver rings" },
    },
    {
      id: "jumbo-graphite-pencil",
      name: "Jumbo Graphite Pencil",
      description:
        "As thick as a finger, with a five-millimetre lead that goes from whisper to soot. Made for first letters and found, we notice, on a good many architects' desks. The orange lacquer is water based and safe to chew.",
      priceCents: 320,
      stock: 120,
      attributes: [
        ["Lead", "5 mm, 2B"],
        ["Wood", "Lime, FSC certified"],
        ["Length", "17 cm"],
        ["Diameter", "10 mm"],
      ],
      shot: { asset: "270f-fe0f", pose: "lying", alt: "A thick orange pencil with a red end" },
    },
    {
      id: "field-notebook-aubergine",
      name: "Field Notebook, Aubergine",
      description:
        "Sewn in sections, so it lies flat from the first page to the last and can be bent right round on a train. The paper takes fountain pen without feathering. There is a pocket at the back for the things one finds.",
      priceCents: 1690,
      stock: 83,
      attributes: [
        ["Pages", "192, numbered"],
        ["Paper", "90 g/m², ivory, dotted 5 mm"],
        ["Size", "A5"],
        ["Cover", "Linen over board"],
        ["Closes with", "Elastic band"],
      ],
      shot: { asset: "1f4d3", pose: "standing", alt: "A dark purple notebook with a label and an elastic band" },
    },
    {
      id: "sunny-spiral-pad",
      name: "Sunny Spiral Pad",
      description:
        "The yellow one, for lists, drafts and everything that may be wrong. Sheets tear out along a clean line. Its back is stiff grey board, enough of a table to write on while standing in the garden.",
      priceCents: 690,
      stock: 112,
      attributes: [
        ["Sheets", "80, perforated"],
        ["Paper", "80 g/m², recycled, ruled 7 mm"],
        ["Size", "A5"],
        ["Binding", "Steel spiral, left"],
      ],
      shot: { asset: "1f4d2", pose: "lying", alt: "A bright yellow spiral pad" },
    },
    {
      id: "paper-scissors-poppy",
      name: "Paper Scissors, Poppy",
      description:
        "Long blades that cut a sheet of A4 in three strokes and meet all the way to the tip. The screw can be tightened, and the grinder two doors down says the steel is better than he expected at the price. Right and left hands both fit.",
      priceCents: 1950,
      stock: 47,
      attributes: [
        ["Blades", "Stainless steel, 9 cm cut"],
        ["Handles", "Recycled nylon, poppy red"],
        ["Length", "21 cm"],
        ["Hands", "Right and left"],
      ],
      shot: { asset: "2702-fe0f", pose: "lying", alt: "Open scissors with red handles" },
    },
    {
      id: "studio-palette-four",
      name: "Studio Palette with Four Gouaches",
      description:
        "A thumb-hole palette in birch, sealed so that paint lifts off with a damp cloth, and four tubes to begin with: rose, violet, sea green, blue. What you can mix from those will keep you busy until you come for the yellow.",
      priceCents: 2750,
      stock: 26,
      attributes: [
        ["Palette", "Birch ply, oiled, 30 × 24 cm"],
        ["Paint", "Four gouaches, 14 ml each"],
        ["Pigments", "Single pigment, lightfast"],
        ["Hands", "Right or left, turn it over"],
      ],
      shot: { asset: "1f3a8", pose: "lying", alt: "A pale wooden palette with four dabs of paint" },
    },
    {
      id: "quiet-keys-keyboard",
      name: "Quiet Keys Keyboard",
      description:
        "Keys with a clear bump half way down and hardly any noise, for people who share a room. The caps are printed right through and will not go blank. One cable, no driver, and a switch for every desk it might meet.",
      priceCents: 8900,
      stock: 34,
      attributes: [
        ["Switches", "Tactile, damped, 45 g"],
        ["Layout", "75 %, ISO, EU keycap set"],
        ["Connection", "USB-C, cable 1.8 m"],
        ["Case", "Anodised aluminium"],
        ["Weight", "820 g"],
        ["Repair", "Switches can be pulled and replaced"],
      ],
      shot: { asset: "2328-fe0f", pose: "lying", alt: "A compact light grey keyboard" },
    },
    {
      id: "rangefinder-film-camera",
      name: "Rangefinder 35 Film Camera",
      description:
        "Serviced by Ilse, who has repaired cameras in Rotterdam since before autofocus. Shutter timed, seals renewed, finder cleaned, and a roll of black-and-white inside to prove it. No two are quite the same; all of them work.",
      priceCents: 24900,
      stock: 3,
      attributes: [
        ["Film", "35 mm"],
        ["Lens", "40 mm f/2.8, fixed"],
        ["Shutter", "1/500 s to 1 s and B"],
        ["Meter", "Coupled; takes an LR44"],
        ["Condition", "Serviced, with traces of use"],
        ["Guarantee", "12 months"],
      ],
      shot: { asset: "1f4f7", pose: "standing", alt: "A silver and grey film camera, seen from the front" },
    },
    {
      id: "reading-glass-violet",
      name: "Reading Glass with Violet Handle",
      description:
        "Stamps, splinters, the small print on a lease: a ground glass lens shows them without bending the edges. It weighs enough to lie still on the page. A felt bag comes along, since lenses do not like keys.",
      priceCents: 3600,
      stock: 22,
      attributes: [
        ["Lens", "Crown glass, 75 mm"],
        ["Magnification", "2.5×"],
        ["Frame", "Brass, enamelled"],
        ["Handle", "Turned acetate, violet"],
        ["Weight", "190 g"],
      ],
      shot: { asset: "1f50d", pose: "lying", alt: "A magnifying glass with a violet handle" },
    },
    {
      id: "index-card-box",
      name: "Index Card Box",
      description:
        "Recipes, vocabulary, the plot of a novel: eight hundred cards fit, and a hundred with tabs are inside. The dovetails are real and the front has a brass frame for a name. It needs no updates.",
      priceCents: 4400,
      stock: 15,
      attributes: [
        ["Material", "Stained beech, brass"],
        ["Holds", "800 cards, A6"],
        ["Included", "100 cards, 12 tabs"],
        ["Size", "17 × 13 × 22 cm"],
      ],
      shot: { asset: "1f5c3-fe0f", pose: "standing", alt: "A dark box of yellow index cards with coloured tabs" },
    },
  ],
};
