import type { DemoShelf } from "./shelf.ts";

export const outdoors: DemoShelf = {
  id: "outdoors",
  name: "Sport & Outdoors",
  description: "For the hour after work and the whole of Saturday, in most kinds of weather.",
  backdrop: { wall: "#edf0e1", floor: "#d3d9bd", shade: "#444a2c" },
  showcase: ["ridge-walking-boots", "balcony-telescope-80", "match-football"],
  alt: "A telescope between a walking boot and a football",
  products: [
    {
      id: "ridge-walking-boots",
      name: "Ridge Walking Boots",
      description:
        "Full-grain nubuck on a sole that can be replaced, which a cobbler in Trento does for us twice a year. They are stiff for the first forty kilometres and yours afterwards. Tongue sewn in up to the fourth eyelet: streams are allowed.",
      priceCents: 21900,
      stock: 20,
      attributes: [
        ["Upper", "Nubuck, 2.4 mm"],
        ["Membrane", "None; waxed"],
        ["Sole", "Lugged rubber, can be replaced"],
        ["Size", "EU 42"],
        ["Weight", "1.32 kg the pair"],
        ["Care", "Brush, dry away from the stove, wax"],
      ],
      shot: { asset: "1f97e", pose: "standing", alt: "A tan walking boot with a dark treaded sole" },
    },
    {
      id: "brass-pocket-compass",
      name: "Brass Pocket Compass",
      description:
        "No battery, no signal, no opinion: just north. The needle swings on a jewel and settles in three seconds. It is small enough to be forgotten in a jacket and found on the day you need it.",
      priceCents: 4900,
      stock: 44,
      attributes: [
        ["Case", "Solid brass, 48 mm"],
        ["Needle", "Jewel bearing, damped"],
        ["Graduation", "2°"],
        ["Balanced for", "Northern hemisphere"],
        ["Weight", "95 g"],
      ],
      shot: { asset: "1f9ed", pose: "lying", alt: "A brass compass with a red and grey needle" },
    },
    {
      id: "balcony-telescope-80",
      name: "Balcony Telescope, 80 mm",
      description:
        "Saturn's ring, the four moons Galileo saw, and the name on a ferry eight kilometres out. It is on its tripod and pointing in two minutes, which is why it gets used. The first evening, start with the Moon at half.",
      priceCents: 26900,
      stock: 8,
      attributes: [
        ["Aperture", "80 mm, achromatic"],
        ["Focal length", "600 mm"],
        ["Eyepieces", "25 mm and 10 mm"],
        ["Mount", "Altazimuth, slow motion"],
        ["Tripod", "Steel, 70 to 120 cm"],
        ["Weight", "4.8 kg"],
        ["Warning", "Never point it at the Sun"],
      ],
      shot: { asset: "1f52d", pose: "standing", alt: "A grey and violet telescope on a tripod" },
    },
    {
      id: "seven-ply-skateboard",
      name: "Seven-Ply Skateboard",
      description:
        "Canadian maple pressed one board at a time, so the concave is the same on Monday as on Friday. Complete with trucks, wheels and bearings we would ride ourselves. The underside is left plain for your stickers.",
      priceCents: 9900,
      stock: 25,
      attributes: [
        ["Deck", "Maple, seven plies, 8.0 inches"],
        ["Wheels", "53 mm, 99A"],
        ["Trucks", "Aluminium, 139 mm"],
        ["Carries", "100 kg"],
        ["Assembly", "Ready to ride"],
      ],
      shot: { asset: "1f6f9", pose: "lying", alt: "A dark skateboard, turned diagonally" },
    },
    {
      id: "club-tennis-racket",
      name: "Club Tennis Racket",
      description:
        "A forgiving head and a flexible frame, for people who play on Thursdays and would like their elbow to last. Strung by Paul at twenty-four kilos unless you tell him otherwise. One ball is included, which is optimistic.",
      priceCents: 13900,
      stock: 18,
      attributes: [
        ["Head", "645 cm²"],
        ["Weight", "285 g, strung"],
        ["Grip", "L2, two spare bands"],
        ["Pattern", "16 × 19, multifilament"],
        ["Length", "68.5 cm"],
      ],
      shot: { asset: "1f3be", pose: "lying", alt: "A pink tennis racket and a green ball" },
    },
    {
      id: "table-tennis-bat",
      name: "Table Tennis Bat & Ball",
      description:
        "Five plies of poplar with a rubber that grips rather than skids. Fast enough to trouble your brother-in-law, steady enough to learn a backhand on. For kitchen tables, park concrete and the real thing.",
      priceCents: 2900,
      stock: 71,
      attributes: [
        ["Blade", "Poplar, five plies"],
        ["Rubber", "1.8 mm sponge, ITTF approved"],
        ["Handle", "Flared, cork-filled"],
        ["Included", "One 40+ ball"],
      ],
      shot: { asset: "1f3d3", pose: "lying", alt: "A pink table tennis bat with a white ball" },
    },
    {
      id: "match-football",
      name: "Match Football, Size 5",
      description:
        "Thirty-two panels stitched by hand by people paid properly for it; the certificate is printed on the valve side. It flies straight, keeps its air for a month and softens a little with mud. So do we all.",
      priceCents: 3900,
      stock: 56,
      attributes: [
        ["Size", "5"],
        ["Weight", "430 g"],
        ["Panels", "32, stitched by hand"],
        ["Bladder", "Natural latex"],
        ["Certified", "Fairtrade"],
      ],
      shot: { asset: "26bd", pose: "standing", alt: "A white football with blue panels" },
    },
    {
      id: "town-bicycle-red",
      name: "Town Bicycle, Signal Red",
      description:
        "Upright, three gears in the hub, and a chain in a case so that trousers survive. The frame is brazed steel and carries a week's shopping without steering like it. We build it up, test it round the block and send it nearly ready: turn the bars, fit the pedals, go.",
      priceCents: 64900,
      stock: 6,
      attributes: [
        ["Frame", "Chromoly steel, 52 cm"],
        ["Gears", "Three, in the hub"],
        ["Brakes", "Back pedal and front rim"],
        ["Wheels", "28 inches, puncture resistant"],
        ["Lights", "Hub dynamo, front and rear"],
        ["Weight", "15.8 kg"],
        ["Delivery", "90 % assembled"],
      ],
      shot: { asset: "1f6b2", pose: "standing", alt: "A red town bicycle with a brown saddle" },
    },
    {
      id: "folding-kick-scooter",
      name: "Folding Kick Scooter",
      description:
        "The last kilometre from the tram, without a battery. Large wheels roll over cobbles where small ones trip, and the column folds with one foot. Hung from its hook it takes up less hallway than an umbrella stand.",
      priceCents: 15900,
      stock: 16,
      attributes: [
        ["Wheels", "200 mm, polyurethane"],
        ["Frame", "Aluminium, sky blue"],
        ["Brake", "Rear mudguard"],
        ["Carries", "110 kg"],
        ["Weight", "4.9 kg"],
        ["Bars", "85 to 105 cm"],
      ],
      shot: { asset: "1f6f4", pose: "standing", alt: "A sky blue kick scooter" },
    },
    {
      id: "beech-toboggan",
      name: "Beech Toboggan",
      description:
        "Bent over steam in the Black Forest as it has been since the parcels came by horse. Steel-shod runners, lacquered red, and a slatted seat for one adult or two quarrelling children. Order before it snows; everyone else does so after.",
      priceCents: 11900,
      stock: 0,
      attributes: [
        ["Wood", "Steam-bent beech"],
        ["Runners", "Steel shod"],
        ["Length", "100 cm"],
        ["Carries", "120 kg"],
        ["Weight", "5.4 kg"],
      ],
      shot: { asset: "1f6f7", pose: "standing", alt: "A wooden toboggan with red runners" },
    },
  ],
};
