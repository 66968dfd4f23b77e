import type { DemoShelf } from "./shelf.ts";

export const toys: DemoShelf = {
  id: "toys",
  name: "Toys & Games",
  description: "Toys without batteries, made to be mended and handed down.",
  backdrop: { wall: "#f8f1dc", floor: "#ecdfb8", shade: "#5c4a1e" },
  showcase: ["red-nesting-dolls", "barnaby-bear", "night-mail-locomotive"],
  alt: "A teddy bear between a nesting doll and a toy locomotive",
  products: [
    {
      id: "barnaby-bear",
      name: "Barnaby Bear",
      description:
        "Jointed at neck, arms and legs, so he can sit through any number of tea parties. Mohair outside, sheep's wool and a little gravel within: he has the right weight under an arm. Should he lose an ear, post him back and we sew it on.",
      priceCents: 6900,
      stock: 30,
      attributes: [
        ["Fur", "Mohair"],
        ["Filling", "Wool and washed gravel"],
        ["Height", "32 cm standing"],
        ["Age", "From birth"],
        ["Care", "Sponge clean"],
      ],
      shot: { asset: "1f9f8", pose: "standing", alt: "A brown teddy bear, sitting" },
    },
    {
      id: "sleeper-yo-yo",
      name: "Sleeper Yo-Yo",
      description:
        "With a ball bearing it spins at the end of the string for well over a minute, long enough to walk the dog and come home again. Beginners wind the string twice; the leaflet explains why.",
      priceCents: 1490,
      stock: 92,
      attributes: [
        ["Body", "Recycled ABS, violet"],
        ["Bearing", "Stainless steel"],
        ["String", "Cotton, three spares"],
        ["Weight", "62 g"],
        ["Age", "From 8 years"],
      ],
      shot: { asset: "1fa80", pose: "standing", alt: "A violet yo-yo with a star and a yellow string" },
    },
    {
      id: "four-colour-kite",
      name: "Four-Colour Diamond Kite",
      description:
        "It goes up in a breeze that barely turns leaves and stays there while you unpack the sandwiches. Ripstop sail, ash spars that any hardware shop can replace, and three bows on the tail, because the third one steadies it.",
      priceCents: 3400,
      stock: 37,
      attributes: [
        ["Sail", "Ripstop polyester, 90 × 80 cm"],
        ["Spars", "Ash"],
        ["Wind", "2 to 5 Beaufort"],
        ["Line", "50 m on a wooden winder"],
        ["Age", "From 6 years"],
      ],
      shot: { asset: "1fa81", pose: "lying", alt: "A diamond kite in four colours with bows on its tail" },
    },
    {
      id: "colour-drift-puzzle",
      name: "Colour Drift Puzzle, 1,000 Pieces",
      description:
        "No castle and no kittens: one slow drift from lime to moss, and you sort by the finest difference in hue. It takes about a fortnight of evenings. Some people frame it; most undo it with one sweep of the arm.",
      priceCents: 2600,
      stock: 53,
      attributes: [
        ["Pieces", "1,000"],
        ["Finished size", "68 × 48 cm"],
        ["Board", "Recycled, 2 mm, linen finish"],
        ["Age", "From 12 years"],
      ],
      shot: { asset: "1f9e9", pose: "lying", alt: "A puzzle piece in shades of green" },
    },
    {
      id: "red-nesting-dolls",
      name: "Red Nesting Dolls, Set of Seven",
      description:
        "The smallest is the size of a grain of rice and has a face. Turned from one piece of lime wood, so all seven swell and shrink together and open as easily in August as in January.",
      priceCents: 4200,
      stock: 14,
      attributes: [
        ["Pieces", "Seven"],
        ["Wood", "Lime"],
        ["Height", "17 cm to 9 mm"],
        ["Paint", "Gouache under lacquer"],
        ["Age", "From 4 years; the last ones are small"],
      ],
      shot: { asset: "1fa86", pose: "standing", alt: "A nesting doll in a red shawl" },
    },
    {
      id: "night-mail-locomotive",
      name: "Night Mail Locomotive",
      description:
        "A stout engine in beech and tin that pulls whatever is tied behind it. The funnel is large on purpose: it makes a handle. Runs on floors, tables and the common wooden track.",
      priceCents: 3900,
      stock: 42,
      attributes: [
        ["Material", "Beech, tinplate chimney"],
        ["Length", "16 cm"],
        ["Wheels", "On steel axles, rubber tyres"],
        ["Coupling", "Magnet"],
        ["Age", "From 3 years"],
      ],
      shot: { asset: "1f682", pose: "standing", alt: "A black and red toy steam locomotive" },
    },
    {
      id: "bead-frame-abacus",
      name: "Bead Frame Abacus",
      description:
        "Four rows of lacquered beads that slide with a click. Good for learning that seven and five pass ten, for keeping score, and for thinking while the hands are busy. The frame is screwed, not stapled.",
      priceCents: 2200,
      stock: 61,
      attributes: [
        ["Frame", "Beech, stained orange"],
        ["Beads", "Birch, four colours"],
        ["Rods", "Stainless steel"],
        ["Size", "24 × 24 cm"],
        ["Age", "From 3 years"],
      ],
      shot: { asset: "1f9ee", pose: "standing", alt: "An abacus with four rows of coloured beads" },
    },
    {
      id: "travellers-dice",
      name: "Traveller's Dice, Set of Six",
      description:
        "Sharp-edged and weighed, so that luck is all there is to it. The one is painted red, after the Japanese habit. They come in a linen bag with the rules of eleven games, three of which we had to look up.",
      priceCents: 1290,
      stock: 99,
      attributes: [
        ["Pieces", "Six dice and a bag"],
        ["Size", "16 mm"],
        ["Material", "Cellulose acetate"],
        ["Rules", "English, German, French, Spanish"],
      ],
      shot: { asset: "1f3b2", pose: "standing", alt: "A white die with a red one on top" },
    },
    {
      id: "meadow-boomerang",
      name: "Meadow Boomerang",
      description:
        "Twenty-five metres out and, with a little practice, back to where you stand. It is shaped from Finnish birch ply to fly in calm air and give way before a window does. Throw it upright, not flat; everybody gets that wrong at first.",
      priceCents: 2700,
      stock: 35,
      attributes: [
        ["Material", "Birch ply, lacquered"],
        ["Range", "25 m"],
        ["Span", "34 cm"],
        ["Hands", "Right (left on request)"],
        ["Age", "From 10 years"],
      ],
      shot: { asset: "1fa83", pose: "lying", alt: "A wooden boomerang with red and yellow bands" },
    },
    {
      id: "orchard-pickup",
      name: "Orchard Pickup",
      description:
        "A red truck with a flat bed that really carries: apples, bricks, a reluctant cat. Lacquered in five coats and fitted with tyres that make no marks on parquet. The tailgate opens, which is most of the fun.",
      priceCents: 3600,
      stock: 26,
      attributes: [
        ["Material", "Beech and steel axles"],
        ["Length", "26 cm"],
        ["Carries", "3 kg"],
        ["Tyres", "Natural rubber"],
        ["Age", "From 2 years"],
      ],
      shot: { asset: "1f6fb", pose: "standing", alt: "A red toy pickup truck" },
    },
  ],
};
