import type { DemoShelf } from "./shelf.ts";

export const garden: DemoShelf = {
  id: "garden",
  name: "Plants & Garden",
  description: "Living things and good tools, for a balcony, an allotment or one sunny windowsill.",
  backdrop: { wall: "#f5e9e4", floor: "#e8d3c9", shade: "#5a3d33" },
  showcase: ["enamel-garden-pail", "young-bay-tree", "column-cactus"],
  alt: "A young tree in a terracotta pot between a blue pail and a cactus",
  products: [
    {
      id: "young-bay-tree",
      name: "Young Bay Tree in Terracotta",
      description:
        "Three years old and already good for a leaf in every soup. It likes morning sun, a drink when the top of the soil is dry, and a place by the door where you brush past it. The pot is frost-proof; the tree is, down to minus five.",
      priceCents: 3200,
      stock: 24,
      attributes: [
        ["Plant", "Laurus nobilis"],
        ["Height", "About 45 cm with its pot"],
        ["Light", "Half sun to full sun"],
        ["Water", "Weekly, more in July"],
        ["Hardy to", "−5 °C"],
        ["Pot", "Terracotta, 16 cm"],
      ],
      shot: { asset: "1fab4", pose: "standing", alt: "A young green plant in a terracotta pot" },
    },
    {
      id: "column-cactus",
      name: "Two-Armed Column Cactus",
      description:
        "The shape everyone draws when they draw a cactus. Ours are raised from seed in Liguria and take a decade to grow their arms, so we only ever have a few. Wrapped in newspaper and a lot of respect, and sent in a nursery pot.",
      priceCents: 5900,
      stock: 2,
      attributes: [
        ["Plant", "Trichocereus, about ten years old"],
        ["Height", "40 cm"],
        ["Light", "As much as you have"],
        ["Water", "Once a month, none in winter"],
        ["Lowest temperature", "5 °C"],
        ["Safety", "Spines; keep from small hands"],
      ],
      shot: { asset: "1f335", pose: "standing", alt: "A green cactus with two raised arms" },
    },
    {
      id: "pink-tulip-bulbs",
      name: "Late Pink Tulips, 20 Bulbs",
      description:
        "They come up when the early tulips are over and stand well into May. Plant them twice as deep as the bulb is tall, forget them, and be surprised. Grown without neonicotinoids on the sandy soil behind the Dutch dunes.",
      priceCents: 1250,
      stock: 88,
      attributes: [
        ["Contents", "20 bulbs, size 12+"],
        ["Flowers", "May"],
        ["Height", "50 cm"],
        ["Plant", "October to December"],
        ["Place", "Sun or light shade"],
      ],
      shot: { asset: "1f337", pose: "standing", alt: "A pink tulip with two green leaves" },
    },
    {
      id: "giant-sunflower-seeds",
      name: "Schoolyard Sunflower Seeds",
      description:
        "The tall sort that classes race each other with: two and a half metres is ordinary, three has been claimed. Push a seed in a thumb deep after the last frost. Leave the heads standing in autumn and the finches will thank you.",
      priceCents: 380,
      stock: 115,
      attributes: [
        ["Contents", "About 25 seeds"],
        ["Sow", "April to June, outdoors"],
        ["Flowers", "July to September"],
        ["Height", "2.5 m and more"],
        ["Seed", "Organic, open-pollinated"],
      ],
      shot: { asset: "1f33b", pose: "standing", alt: "A yellow sunflower with two leaves" },
    },
    {
      id: "violet-hyacinth-bulbs",
      name: "Violet Hyacinths for Forcing",
      description:
        "Prepared bulbs that think winter is over by Christmas. Set one in a glass so that its base just misses the water, keep it dark until it shows a finger of green, then let it scent the room.",
      priceCents: 990,
      stock: 60,
      attributes: [
        ["Contents", "5 prepared bulbs"],
        ["Flowers", "10 weeks after you start"],
        ["Scent", "Strong"],
        ["Height", "25 cm"],
        ["Note", "Gloves help: the skins can itch"],
      ],
      shot: { asset: "1fabb", pose: "lying", alt: "A violet hyacinth in bloom with green leaves" },
    },
    {
      id: "bare-root-red-rose",
      name: "Bare-Root Red Rose",
      description:
        "An old climbing variety, healthy without spraying and in flower from June until somebody lights the first fire. It travels asleep, without soil, which is cheaper and much better for it. A planting card comes in the box.",
      priceCents: 1890,
      stock: 33,
      attributes: [
        ["Plant", "Climbing rose, A grade, two years old"],
        ["Height", "Up to 3 m"],
        ["Flowers", "June to October, repeating"],
        ["Scent", "Light, of raspberries"],
        ["Ships", "November to March"],
        ["Hardy to", "−23 °C"],
      ],
      shot: { asset: "1f339", pose: "standing", alt: "A single red rose on its stem" },
    },
    {
      id: "enamel-garden-pail",
      name: "Ten-Litre Garden Pail",
      description:
        "Pressed from one sheet and enamelled sky blue, with a rolled rim that does not cut into the hand. Marks inside show every litre, for those who mix their own nettle feed. It also makes an excellent seat, turned over.",
      priceCents: 2900,
      stock: 41,
      attributes: [
        ["Material", "Enamelled steel"],
        ["Capacity", "10 l, marked inside"],
        ["Weight", "1.2 kg"],
        ["Handle", "Galvanised, stays where you leave it"],
        ["Height", "27 cm"],
      ],
      shot: { asset: "1faa3", pose: "standing", alt: "A sky blue pail with a grey handle" },
    },
    {
      id: "willow-harvest-basket",
      name: "Willow Harvest Basket",
      description:
        "Woven from a single year's willow by a workshop of four in Upper Franconia, tight enough for cherries and stiff enough for potatoes. Rinse the soil off with a hose and dry it in the shade; it will be lighter than a bag and last longer than ten.",
      priceCents: 4800,
      stock: 19,
      attributes: [
        ["Material", "Unpeeled willow"],
        ["Size", "38 × 28 cm, 36 cm with handle"],
        ["Carries", "12 kg"],
        ["Weight", "900 g"],
        ["Made in", "Germany"],
      ],
      shot: { asset: "1f9fa", pose: "standing", alt: "A woven basket with a tall handle" },
    },
    {
      id: "kindling-hatchet",
      name: "Kindling Hatchet",
      description:
        "Small enough to use beside the stove, heavy enough that the wood does the splitting. The head is drop forged and painted red, so you will find it again in the grass. Hung on hickory, with the grain running true.",
      priceCents: 5600,
      stock: 17,
      attributes: [
        ["Head", "Drop-forged carbon steel, 600 g"],
        ["Handle", "Hickory, 38 cm"],
        ["Edge", "Ground, with leather guard"],
        ["Weight", "900 g"],
        ["Sold to", "Adults only"],
      ],
      shot: { asset: "1fa93", pose: "lying", alt: "A hatchet with a red head and a wooden handle" },
    },
    {
      id: "garden-gate-letterbox",
      name: "Garden Gate Letterbox",
      description:
        "A rounded box on a post, with a flag to tell the postman that something wants to go out. It swallows magazines without folding them and parcels up to the size of a shoebox. The blue is powder coat and does not mind the sea air.",
      priceCents: 12400,
      stock: 8,
      attributes: [
        ["Material", "Galvanised steel, powder coated"],
        ["Size", "22 × 26 × 48 cm"],
        ["Post", "Larch, 120 cm"],
        ["Lock", "Two keys"],
        ["Slot", "Takes C4 envelopes unfolded"],
      ],
      shot: { asset: "1f4ea", pose: "standing", alt: "A blue letterbox on a post with an orange flag" },
    },
  ],
};
