"""How Hearback is put where people use it: the Teams package, the image and the Azure resources."""
