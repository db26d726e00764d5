"""What drawing a page needs: of each kind of dictionary the keys, and what stands there (ISO 32000-1).

`value` are numbers, names, truths and lists of them; `short` are short texts, too; `blank` is a text that must be there
and is emptied; `parent` is the way back; with a star, a dictionary of such things by name. Everything else is the kind
of what stands there, or of each member of a list.
"""

from __future__ import annotations

from collections.abc import Mapping

VALUE = "value"


def _keys(values: str, **others: str) -> Mapping[str, str]:
    return {**dict.fromkeys(values.split(), VALUE), **others}


_PACKED = {"Filter": VALUE, "DecodeParms": "packing"}

GRAMMAR: Mapping[str, Mapping[str, str]] = {
    "catalog": _keys("Type", Pages="pages", OCProperties="layers"),
    "pages": _keys(
        "Type Count MediaBox CropBox Rotate UserUnit",
        Parent="parent", Kids="pages", Resources="resources", Contents="content", Group="group",
    ),
    "resources": _keys(
        "ProcSet",
        ExtGState="state*", ColorSpace="colours", Pattern="pattern*", Shading="shading*", XObject="xobject*",
        Font="font*", Properties="layer*",
    ),
    "content": {**_PACKED},
    "form": _keys(
        "Type Subtype FormType BBox Matrix", Resources="resources", Group="group", OC="layer", **_PACKED
    ),
    "glyph": {**_PACKED},
    "image": _keys(
        "Type Subtype Width Height BitsPerComponent Decode Interpolate ImageMask SMaskInData Matte Intent",
        ColorSpace="colour", Mask="image", SMask="image", OC="layer", **_PACKED,
    ),
    "packing": _keys(
        "K EndOfLine EncodedByteAlign Columns Rows EndOfBlock BlackIs1 DamagedRowsBeforeError Predictor Colors "
        "BitsPerComponent EarlyChange ColorTransform",
        JBIG2Globals="jbig2",
    ),
    "jbig2": {**_PACKED},
    "group": _keys("Type S I K", CS="colour"),
    "pattern": _keys(
        "Type PatternType PaintType TilingType BBox XStep YStep Matrix",
        Resources="resources", Shading="shading", ExtGState="state", **_PACKED,
    ),
    "shading": _keys(
        "ShadingType Background BBox AntiAlias Domain Coords Matrix Extend BitsPerCoordinate BitsPerComponent "
        "BitsPerFlag Decode",
        ColorSpace="colour", Function="function", **_PACKED,
    ),
    "function": _keys(
        "FunctionType Domain Range Size BitsPerSample Order Encode Decode C0 C1 N Bounds",
        Functions="function", **_PACKED,
    ),
    "calibrated": _keys("WhitePoint BlackPoint Gamma Matrix Range"),
    "state": _keys("Type LW LC LJ ML D RI OP op OPM FL SM SA CA ca AIS TK BM", Font="font", SMask="mask"),
    "mask": _keys("Type S BC", G="xobject", TR="function"),
    "font": _keys(
        "Type Subtype Name BaseFont FirstChar LastChar Widths DW W DW2 W2 FontBBox FontMatrix",
        FontDescriptor="descriptor", Encoding="encoding", ToUnicode="encoding", DescendantFonts="font",
        CIDSystemInfo="collection", CIDToGIDMap="data", CharProcs="glyph*", Resources="resources",
    ),
    "descriptor": _keys(
        "Type FontName Flags FontBBox ItalicAngle Ascent Descent Leading CapHeight XHeight StemV StemH AvgWidth "
        "MaxWidth MissingWidth FontWeight FontStretch",
        FontFile="font-file", FontFile2="font-file", FontFile3="font-file", CIDSet="data",
    ),
    "font-file": _keys("Subtype Length1 Length2 Length3", **_PACKED),
    "encoding": _keys(
        "Type BaseEncoding Differences CMapName WMode", CIDSystemInfo="collection", UseCMap="encoding", **_PACKED
    ),
    "collection": _keys("Supplement", Registry="short", Ordering="short"),
    "data": {**_PACKED},
    "layers": {"OCGs": "layer", "D": "layer-states"},
    "layer-states": _keys("BaseState Intent", ON="layer", OFF="layer"),
    "layer": _keys("Type P Intent", Name="blank", OCGs="layer"),
    "nothing": {},
}  # fmt: skip

DRAWING = frozenset(
    _keys(
        "b B b* B* BX c cm CS cs d d0 d1 Do EMC ET BT EX f F f* G g gs h i j J K k l m M n q Q re RG rg ri s S SC sc "
        "SCN scn sh T* Tc Td TD Tf Tj TJ TL Tm Tr Ts Tw Tz v w W W* y ' \""
    )
)
"""Operators of a content that draw or prepare to; BDC and BMC are looked at by themselves, MP and DP draw nothing."""

WRITING = frozenset(_keys("Tj TJ ' \""))
"""Those that have a text among their operands."""
