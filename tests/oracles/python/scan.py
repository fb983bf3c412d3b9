"""What zxing-cpp and OpenCV read from pictures, laid upon a page and turned.

A line on standard input is a picture's file, by how many degrees to turn it, how bright the page is that it lies on
(0 to 255), and the file to write that view to for further readers, with tabs between. The answer is a line on standard
output: what zxing-cpp read and what OpenCV read, with a tab between; nothing where one reads nothing.
"""

import sys

import cv2
import numpy
import zxingcpp

# The younger of its two ways to find a code; the older misses large ones that are tilted.
opencv = cv2.QRCodeDetectorAruco()


def viewed(picture, degrees, page):
    # A fifth of the width on every side: so much the corners need when it is tilted, and the page is to be seen.
    picture = cv2.copyMakeBorder(picture, *[picture.shape[1] // 5] * 4, cv2.BORDER_CONSTANT, value=page)
    if degrees % 90 == 0:
        return numpy.ascontiguousarray(numpy.rot90(picture, degrees // 90))
    height, width = picture.shape
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    return cv2.warpAffine(picture, turn, (width, height), borderValue=page)


def zxing_reads(picture):
    # Light codes on dark ground do not count as read: to many an app they are none.
    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode, try_invert=False)
    return " and ".join(barcode.text for barcode in found)


for line in sys.stdin.read().split("\n")[:-1]:
    file, degrees, page, view = line.split("\t")
    picture = viewed(cv2.imread(file, cv2.IMREAD_GRAYSCALE), int(degrees), int(page))
    cv2.imwrite(view, picture)
    print(zxing_reads(picture), opencv.detectAndDecode(picture)[0], sep="\t")
