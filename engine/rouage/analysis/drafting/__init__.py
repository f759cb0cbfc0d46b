"""New recipes: from the gallery, from a trigger, or from what another program had."""
