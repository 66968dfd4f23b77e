import type { DemoShelf } from "./shelf.ts";

export const wardrobe: DemoShelf = {
  id: "wardrobe",
  name: "Bags & Wardrobe",
  description: "Things to carry and to wear, chosen for cloth and stitching before colour.",
  backdrop: { wall: "#f2ebe1", floor: "#e2d6c4", shade: "#54432f" },
  showcase: ["two-tone-handbag", "raspberry-day-pack", "cabin-case-harbour"],
  alt: "A raspberry red backpack between a brown handbag and a blue suitcase",
  products: [
    {
      id: "raspberry-day-pack",
      name: "Raspberry Day Pack",
      description:
        "Eighteen litres: a laptop, a jumper, lunch and the library books. The canvas is waxed and dries overnight, and the yellow zips can be found with cold fingers. Straps are sewn through a second layer, because that is where bags die.",
      priceCents: 8900,
      stock: 36,
      attributes: [
        ["Volume", "18 l"],
        ["Material", "Waxed cotton canvas"],
        ["Laptop", 'Padded sleeve, up to 15"'],
        ["Weight", "780 g"],
        ["Repairs", "Free for five years"],
      ],
      shot: { asset: "1f392", pose: "standing", alt: "A raspberry red backpack with yellow zips" },
    },
    {
      id: "two-tone-handbag",
      name: "Two-Tone Handbag",
      description:
        "Sand above, chestnut below, with handles that fall open by themselves. The leather is tanned with bark and marks easily at first; after a year the marks are what you like about it. One zipped pocket inside, and a clip for keys.",
      priceCents: 19500,
      stock: 12,
      attributes: [
        ["Material", "Vegetable-tanned cowhide"],
        ["Lining", "Undyed cotton"],
        ["Size", "34 × 24 × 13 cm"],
        ["Closes with", "Magnet"],
        ["Made in", "Ubrique, Spain"],
      ],
      shot: { asset: "1f45c", pose: "standing", alt: "A handbag in beige and brown leather" },
    },
    {
      id: "cabin-case-harbour",
      name: "Cabin Case, Harbour Blue",
      description:
        "Sized to the strictest airline we could find, which leaves thirty-four litres for you. Wheels, handle and zip come off with a screwdriver and are sold singly, so a broken wheel is an evening's work and not a new case.",
      priceCents: 17900,
      stock: 23,
      attributes: [
        ["Volume", "34 l"],
        ["Size", "55 × 40 × 20 cm"],
        ["Shell", "Recycled polycarbonate"],
        ["Weight", "2.4 kg"],
        ["Wheels", "Four, replaceable"],
        ["Lock", "Three digits, TSA"],
      ],
      shot: { asset: "1f9f3", pose: "standing", alt: "A blue cabin case with a luggage tag" },
    },
    {
      id: "long-red-scarf",
      name: "The Long Red Scarf",
      description:
        "Two metres, which is once round the neck and still something to throw over the shoulder. Lambswool, spun and knitted within thirty kilometres in the Borders. Softer after its first wash, so give it one.",
      priceCents: 6400,
      stock: 49,
      attributes: [
        ["Material", "100 % lambswool"],
        ["Size", "200 × 28 cm"],
        ["Colour", "Signal red, plum reverse"],
        ["Care", "Cool hand wash, dry flat"],
        ["Made in", "Scotland"],
      ],
      shot: { asset: "1f9e3", pose: "lying", alt: "A knitted scarf in red and plum, looped once" },
    },
    {
      id: "merino-gloves-violet",
      name: "Merino Gloves, Violet",
      description:
        "Thin enough to hold a pen and warm enough for a platform in February. There is a strand of silver in thumb and forefinger, so the ticket on your telephone can be shown without taking them off.",
      priceCents: 3200,
      stock: 67,
      attributes: [
        ["Material", "Merino, silver thread at two fingers"],
        ["Sizes in the box", "One pair, M (fits 7 to 8½)"],
        ["Touch screens", "Yes"],
        ["Care", "Wool cycle, 30 °C"],
      ],
      shot: { asset: "1f9e4", pose: "lying", alt: "A pair of violet knitted gloves" },
    },
    {
      id: "ribboned-sun-hat",
      name: "Sun Hat with a Red Ribbon",
      description:
        "Plaited from wheat straw in one long braid and sewn in a spiral from the crown outwards. The brim is nine centimetres, enough shade for a book. The ribbon unties, should you be more of a blue person.",
      priceCents: 5200,
      stock: 28,
      attributes: [
        ["Material", "Wheat straw, grosgrain ribbon"],
        ["Size", "57 cm, adjustable band inside"],
        ["Brim", "9 cm"],
        ["Sun protection", "UPF 50+"],
        ["Packs", "Flat, and recovers with steam"],
      ],
      shot: { asset: "1f452", pose: "lying", alt: "A straw hat with a red ribbon and bow" },
    },
    {
      id: "walking-umbrella-plum",
      name: "Walking Umbrella, Plum",
      description:
        "A proper umbrella: one wooden shaft from ferrule to crook, eight ribs that turn inside out and come back. Every part can be replaced, and we keep the parts. It shelters two, if they get on.",
      priceCents: 7900,
      stock: 31,
      attributes: [
        ["Canopy", "Plum pongee, 104 cm"],
        ["Shaft", "Steamed beech"],
        ["Ribs", "Eight, fibreglass"],
        ["Length", "89 cm"],
        ["Wind", "Tested to 90 km/h"],
      ],
      shot: { asset: "2602-fe0f", pose: "standing", alt: "An open plum umbrella with a wooden crook" },
    },
    {
      id: "camel-wool-coat",
      name: "Camel Wool Coat",
      description:
        "Cut straight, with room for a jumper underneath and pockets set where hands go. The cloth is woven from recovered wool in Prato, where they have been at it for a century and a half. Horn buttons, two spares sewn inside.",
      priceCents: 34900,
      stock: 7,
      attributes: [
        ["Cloth", "80 % recovered wool, 20 % polyamide"],
        ["Lining", "Cupro"],
        ["Size", "Unisex M; chest 112 cm, length 98 cm"],
        ["Buttons", "Horn"],
        ["Care", "Brush and air; dry clean seldom"],
        ["Made in", "Italy"],
      ],
      shot: { asset: "1f9e5", pose: "lying", alt: "A camel coloured coat with brown lapels" },
    },
    {
      id: "meadow-socks",
      name: "Meadow Socks",
      description:
        "Grass green with yellow rings, and blue wherever they would wear through first. The heel is knitted in two directions, so it stays on the heel. Nobody will see them in boots. You will know.",
      priceCents: 1400,
      stock: 104,
      attributes: [
        ["Material", "78 % organic cotton, 20 % polyamide, 2 % elastane"],
        ["Size", "39 to 42"],
        ["Toe", "Linked by hand, no seam"],
        ["Care", "40 °C, inside out"],
      ],
      shot: { asset: "1f9e6", pose: "lying", alt: "A pair of green socks with yellow rings and blue heels" },
    },
    {
      id: "ink-dial-watch",
      name: "Ink Dial Watch",
      description:
        "An uncluttered face the colour of a full inkwell, on a strap you can change without tools. It runs on light, any light, and keeps going for five months in a drawer. Water may come along to the pool.",
      priceCents: 15900,
      stock: 1,
      attributes: [
        ["Movement", "Solar quartz"],
        ["Case", "Stainless steel, 38 mm"],
        ["Glass", "Sapphire"],
        ["Strap", "Blue silicone, 18 mm, quick release"],
        ["Water", "10 bar"],
        ["Guarantee", "3 years"],
      ],
      shot: { asset: "231a", pose: "lying", alt: "A wristwatch with an ink blue dial and a blue strap" },
    },
  ],
};
